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

// A day is 24 hours in the life of a program that uses every kind of connection at once. These things happen in it:
//
//   - Entra is down for 10 minutes, from the second before the token is to be renewed.
//   - A token is revoked: Redis refuses it, although nothing is wrong with it. It is so from the start, so no
//     connection is logged in with it; each that tries keeps the token that it has. A server that learns of it later
//     would refuse the next login with it, and that is made with the next token anyway.
//   - In the middle of a renewal, the node is rebooted: all connections are reset at once, and new ones for 20 s.
//   - The servers' clocks, Entra's and Redis's, are set forward by 2 minutes, and hours later back again. The clock of
//     a bubble cannot be set, but whose clock it was the client cannot tell: all that it sees is that the dates in
//     tokens and its own clock differ by 2 minutes more, or less, than before. Servers set forward are a client set
//     back, and the harder case: a client's own step leaves its monotonic clock alone, which then still says when
//     a token ends, while here both of its clocks are late by 2 minutes.
//
// No command may fail but in the reboot's moment, none of the others may cost a connection, a message or an element.
type day struct {
	*env
	client   Client
	workers  sync.WaitGroup
	finished chan struct{} // closed when it is
	ends     time.Time
	reboot   moment
	tally    dayTally
	judges   []func() // are called when the workers have ended
}

// aDay catches what only shows when everything comes together: see [day].
func aDay(e *env) {
	now := time.Now()
	d := &day{env: e, finished: make(chan struct{}), ends: now.Add(dayHours * time.Hour)}
	d.reboot.init()
	// A day of PINGs is long. And go-redis keeps a mutex while it subscribes again: if its PING wants that too, the clock
	// of the bubble stands still, which waits for those who wait for time, not for those who wait for a mutex.
	e.cfg.Quiet = true
	d.client = e.open("day", 2*dayConns)
	d.commands()
	d.held()
	d.caching()
	d.subscribers()
	d.blocked()
	e.warm(d.client, dayConns)
	rest(e.ctx, time.Hour) // everybody has called once by then
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
	d.reboot.callAll() // so that whoever has lost a connection finds it out now
	d.rewarm()
	d.until(d.reboot.end())
	d.tally.inMoment, _ = d.census()
}
