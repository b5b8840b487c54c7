package adaptertest

import (
	"sync"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

const (
	dayHours  = 24
	dayOutage = 10 * time.Minute // of Entra
	dayReboot = 20 * time.Second // for which the node is away
	dayStep   = 2 * time.Minute  // of a clock
	// dayConns is how many connections may be in use at once, besides those that are blocked or subscribed: what the
	// workers need, and some that lie idle all day.
	dayConns = 18
)

// A day is 24 hours in the life of a program that uses every kind of connection at once. These
// things happen in it:
//
//   - Entra is down for 10 minutes, from the second before the token is to be renewed.
//   - A token is revoked: Redis refuses it from the start, although the token is valid, so no
//     connection is logged in with it. Each connection that tries keeps its current token. A server
//     that learnt of the revocation later would refuse the next login, and that one is made with
//     the next token anyway.
//   - In the middle of a renewal, the node is rebooted: all connections are reset at once, and new
//     ones for 20 s.
//   - The servers' clocks, Entra's and Redis's, are set forward by 2 minutes, and hours later back
//     again. The clock of a bubble cannot be set, but the client cannot tell whose clock was set.
//     It sees only that the dates in tokens and its own clock differ by 2 minutes more, or less,
//     than before. Servers set forward look like a client set back. They are the harder case: when
//     the client's own clock is set, its monotonic clock still says when a token expires, while
//     here both of its clocks are late by 2 minutes.
//
// Commands may fail only in the reboot's moment. No other event may cost a connection, a message or
// an element.
type day struct {
	*env
	client   Client
	workers  *sync.WaitGroup
	finished chan struct{} // closed at the end of the day
	ends     time.Time
	reboot   moment
	tally    dayTally
	judges   []func() // are called when the workers have ended
}

// aDay catches what only shows when everything comes together: see [day].
func aDay(e *env) {
	now := time.Now()
	d := &day{env: e, workers: e.crews.add(), finished: make(chan struct{}), ends: now.Add(dayHours * time.Hour)}
	d.reboot.init()
	// A day of PINGs takes long. And go-redis holds a mutex while it subscribes again. If its PING
	// waits for that mutex, the bubble's clock stops: a goroutine that waits for a mutex does not
	// count as idle.
	e.cfg.Quiet = true
	d.client = e.open("day", 2*dayConns)
	d.commands()
	d.held()
	d.caching()
	d.subscribers()
	d.blocked()
	e.warm(d.client, dayConns)
	rest(e.ctx, time.Hour) // by then every worker has made a call
	d.tally.atStart, _ = d.census()

	outage, revoked := d.outage(now.Add(3*time.Hour)), d.revocation(now.Add(7*time.Hour))
	d.rebootAt(now.Add(11 * time.Hour))
	d.until(now.Add(15*time.Hour + d.someTime()))
	e.sts.SetClock(dayStep)
	d.until(now.Add(19*time.Hour + d.someTime()))
	e.sts.SetClock(0)
	d.until(d.ends)
	d.tally.grown += d.noConnsDialedOrEnded("in the hours after the reboot")

	close(d.finished)
	d.workers.Wait()
	e.ping(d.client, dayConns)
	for _, judge := range d.judges {
		judge()
	}
	d.judge(outage, revoked)
}

func (d *day) until(at time.Time) { rest(d.ctx, time.Until(at)) }

// someTime is up to the life of a token, so that what happens then meets any point of it.
func (d *day) someTime() time.Duration { return d.dice.upTo(virtualLife) }

// outage has Entra fail when the token is to be renewed next.
func (d *day) outage(at time.Time) *entratest.FaultHandle {
	d.until(at)
	d.until(d.source.Status().NextAttempt.Add(-time.Second))
	fault := d.sts.Inject(entratest.Fault{Refuse: true})
	rest(d.ctx, dayOutage)
	fault.Remove()
	return fault
}

func (d *day) revocation(at time.Time) *entratest.FaultHandle {
	d.until(at)
	return d.sts.Inject(entratest.Fault{Revoked: true, Count: 1})
}

// rebootAt reboots the node when the first renewal after at is under way.
func (d *day) rebootAt(at time.Time) {
	d.until(at)
	d.awaitTokens(1)
	rest(d.ctx, d.dice.upTo(5*time.Minute))
	d.tally.grown += d.noConnsDialedOrEnded("before the reboot")
	away := d.gateway.Inject(entratest.WireFault{RefuseConn: true})
	d.reboot.begin()
	d.tally.dropped = d.gateway.DropAll()
	rest(d.ctx, dayReboot)
	away.Remove()
	d.reboot.nodeIsBack()
	rest(d.ctx, momentWaits)
	d.reboot.callAll() // so that each worker that has lost its connection notices now
	d.rewarm()
	d.until(d.reboot.end())
	d.tally.inMoment, _ = d.census()
}
