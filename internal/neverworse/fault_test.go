package neverworse_test

import (
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// A fault is a row of the table.
type fault struct {
	name    string
	callers int // 20 if 0
	// deadline is that of each call; 3 s if 0, none if negative.
	deadline time.Duration
	// dialTimeout is the client's; 5 s if 0.
	dialTimeout time.Duration
	// pace is how often each caller calls; 250 ms if 0.
	pace time.Duration
	// inAdvance is how many connections the client dials before the first call.
	inAdvance int
	// cold plays the fault from before the clients are opened.
	cold bool
	// play makes the fault and returns when it is over. It may leave what strikes by itself later.
	play func(w *world)
}

const (
	wrongPass = "WRONGPASS invalid username-password pair or user is disabled."
	// resetPause is how often connections are reset where logins are to go on: a client that is connected has none.
	resetPause = 2 * time.Second
)

func faults() []fault {
	return []fault{
		{name: "all connections reset", play: func(w *world) { w.gateway.DropAll() }},
		{name: "exactly one login refused", play: func(w *world) {
			w.injectAuth(entratest.WireFault{RefuseAuth: wrongPass, LoginOnly: true, Count: 1})
			w.gateway.DropAll()
		}},
		{name: "every tenth login refused for 20 s", play: refuse(entratest.WireFault{EveryNth: 10})},
		{name: "every second login refused for 20 s", play: refuse(entratest.WireFault{EveryNth: 2})},
		{name: "one of three proxies refuses logins for 20 s", play: refuse(entratest.WireFault{Proxy: 1})},
		{name: "every login refused for 60 s, callers call twice a second", pace: 500 * time.Millisecond, play: func(w *world) {
			w.during(60*time.Second, w.injectAuth(entratest.WireFault{RefuseAuth: wrongPass, LoginOnly: true}))
		}},
		{name: "every login refused for 20 s from the start", cold: true, play: func(w *world) {
			w.during(20*time.Second, w.injectAuth(entratest.WireFault{RefuseAuth: wrongPass}))
		}},
		{name: "black hole for 20 s: dials and connections never answer; 100 callers without a deadline",
			callers: 100, deadline: -1, play: func(w *world) {
				dials := w.injectNetwork(entratest.NetworkFault{Silent: true})
				conns := w.injectWire(entratest.WireFault{Silent: true})
				w.wait(20 * time.Second)
				dials()
				conns()
			}},
		{name: "black hole for 20 s from the start: dials never answer; 100 callers without a deadline",
			callers: 100, deadline: -1, cold: true, play: func(w *world) {
				end := w.injectNetwork(entratest.NetworkFault{Silent: true})
				w.wait(20 * time.Second)
				end()
			}},
		{name: "AUTH not answered for 20 s", play: func(w *world) {
			w.during(20*time.Second, w.injectAuth(entratest.WireFault{SilentAuth: true, LoginOnly: true}))
		}},
		{name: "AUTH answered after 1.6 s, for 20 s", play: func(w *world) {
			w.during(20*time.Second, w.injectAuth(entratest.WireFault{LateAuth: 1600 * time.Millisecond, LoginOnly: true}))
		}},
		{name: "AUTH answered after 9 s, for 30 s", play: func(w *world) {
			w.during(30*time.Second, w.injectAuth(entratest.WireFault{LateAuth: 9 * time.Second, LoginOnly: true}))
		}},
		{name: "LOADING at login for 10 s", play: answer("LOADING Redis is loading the dataset in memory")},
		{name: "BUSY at login for 10 s", play: answer("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.")},
		{name: "OOM at login for 10 s", play: answer("OOM command not allowed when used memory > 'maxmemory'.")},
		{name: "MASTERDOWN at login for 10 s", play: answer("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.")},
		{name: "max clients for 10 s", play: func(w *world) {
			w.during(10*time.Second, w.injectWire(entratest.WireFault{MaxClients: true}))
		}},
		{name: "flapping: away for 2 s, back for 2 s, five times", play: func(w *world) {
			for range 5 {
				w.during(2*time.Second, w.injectWire(entratest.WireFault{RefuseConn: true}))
				w.wait(2 * time.Second)
			}
		}},
		{name: "node unknown to DNS for 10 s", play: func(w *world) {
			w.during(10*time.Second, w.injectNetwork(entratest.NetworkFault{UnknownHost: true}))
		}},
		{name: "dials take 50 ms for 10 s, callers with contexts of 20 ms", deadline: 20 * time.Millisecond, play: func(w *world) {
			w.during(10*time.Second, w.injectNetwork(entratest.NetworkFault{Delay: 50 * time.Millisecond}))
		}},
		{name: "all connections reset, dials take 5 ms for 10 s, callers with contexts of 20 ms", deadline: 20 * time.Millisecond,
			play: func(w *world) {
				w.during(10*time.Second, w.injectNetwork(entratest.NetworkFault{Delay: 5 * time.Millisecond}))
			}},
		{name: "handshake of 600 ms with a dial timeout of 1 s, 100 callers, all connections reset",
			callers: 100, dialTimeout: time.Second, play: func(w *world) {
				w.during(5*time.Second, w.injectNetwork(entratest.NetworkFault{Delay: 600 * time.Millisecond}))
			}},
		{name: "50 connections dialed in advance, no call yet", inAdvance: 50, play: func(*world) {}},
	}
}

// answer plays an error that every login gets for 10 seconds.
func answer(line string) func(w *world) {
	return func(w *world) {
		w.during(10*time.Second, w.injectAuth(entratest.WireFault{RefuseAuth: line, LoginOnly: true}))
	}
}

// refuse plays a refusal of a part of the logins for 20 seconds, in which logins go on.
func refuse(part entratest.WireFault) func(w *world) {
	part.RefuseAuth, part.LoginOnly = wrongPass, true
	return func(w *world) {
		end := w.injectAuth(part)
		for range 20 * time.Second / resetPause {
			w.during(resetPause, func() {})
		}
		end()
	}
}
