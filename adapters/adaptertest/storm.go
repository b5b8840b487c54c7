package adaptertest

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// stormDropped catches a library whose connections are all dialed in the same moment, or wait for longer than a
// second: Azure drops everything at once when access keys are disabled.
func stormDropped(e *env) {
	if e.virtual {
		e.storm(1000, 0)
		return
	}
	e.storm(40, 0) // others need the processors for their TLS handshakes too
}

// stormAway is the same with a server that is away for half a minute, and callers that try to reach it all the time.
func stormAway(e *env) {
	if e.virtual {
		e.storm(200, 30*time.Second)
		return
	}
	e.storm(40, 3*time.Second)
}

// stormHandshake is how long handshakes take in virtual time after the drop: other clients dial too, and keep the server
// busy. At a server that is not busy no dial waits for long.
const stormHandshake = 50 * time.Millisecond

// storm drops all connections, has new ones refused for as long as the server is away, and watches how they come
// back.
func (e *env) storm(conns int, away time.Duration) {
	log := e.logDials()
	client := e.open("storm", conns)
	e.warm(client, conns)
	fault := e.gateway.Inject(entratest.WireFault{RefuseConn: true})
	if away == 0 {
		fault.Remove()
	}
	var dropped time.Time
	e.rejoin(client, conns, sync.OnceFunc(func() {
		log.begin()
		dropped = time.Now()
		time.AfterFunc(away, fault.Remove)
		if n := e.gateway.DropAll(); n < conns {
			e.t.Errorf("only %d connections were there to be dropped", n)
		}
	}))
	took, dials, busiest := time.Since(dropped)-away, log.len(), log.busiest()
	e.t.Logf("%d connections, server away for %v: all back %v later, %d dials, no more than %d within 100 ms",
		conns, away, took.Round(time.Millisecond), dials, busiest)
	if e.virtual {
		// The bound on dials is that of package entraconn's dial spreading. The bound on time is
		// two seconds because rueidis dials twice for a connection that speaks RESP2.
		if most := 11*conns/100 + 9; busiest > most {
			e.t.Errorf("%d of %d dials were within 100 ms, want %d at most", busiest, dials, most)
		}
		if took > 2*time.Second+500*time.Millisecond {
			e.t.Errorf("all were back after %v", took)
		}
	}
	if away == 0 && dials > 2*conns+10 {
		e.t.Errorf("%d dials for %d connections", dials, conns)
	}
	if n := e.gateway.Stats().Open; n < conns {
		e.t.Errorf("%d connections are open, %d were dropped", n, conns)
	}
}

// rejoin has conns callers hold a connection each, and calls drop when all do. Then every caller tries to get a
// connection that works, until all hold one.
func (e *env) rejoin(client Client, conns int, drop func()) {
	var before, after gathering
	before.init(conns)
	after.init(conns)
	callers := e.crews.add()
	for range conns {
		callers.Go(func() {
			_ = e.output.saw(client.Hold(e.ctx, func(conn Conn) error { // an error is to be expected
				before.wait(e.ctx)
				drop()
				_, err := conn.Do(e.ctx, "PING")
				return err
			}))
			for e.ctx.Err() == nil {
				err := client.Hold(e.ctx, func(conn Conn) error {
					reply, err := conn.Do(e.ctx, "PING")
					if err == nil && reply != "PONG" {
						err = fmt.Errorf("PING was answered %q", reply)
					}
					if err == nil {
						after.wait(e.ctx)
					}
					return err
				})
				if e.output.saw(err) == nil {
					return
				}
				rest(e.ctx, 50*time.Millisecond+e.dice.upTo(100*time.Millisecond))
			}
		})
	}
	callers.Wait()
}

// A gathering lets its waiters go on when all of them have come.
type gathering struct {
	missing sync.WaitGroup
	all     chan struct{}
}

func (g *gathering) init(n int) {
	g.missing.Add(n)
	g.all = make(chan struct{})
	go func() { g.missing.Wait(); close(g.all) }()
}

func (g *gathering) wait(ctx context.Context) {
	g.missing.Done()
	select {
	case <-g.all:
	case <-ctx.Done():
	}
}

// A dialLog knows when connections were dialed.
type dialLog struct {
	slow bool // handshakes take longer from begin on

	mu    sync.Mutex
	begun bool
	dials []time.Time
}

// logDials logs the dials of the client that is opened next.
func (e *env) logDials() *dialLog {
	log := &dialLog{slow: e.virtual}
	dial := e.cfg.Dial
	if dial == nil {
		dial = (&tls.Dialer{Config: e.cfg.TLS}).DialContext
	}
	e.cfg.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if log.add() {
			rest(ctx, stormHandshake)
		}
		return dial(ctx, network, addr)
	}
	return log
}

// add adds a dial, and reports whether its handshake is slow.
func (l *dialLog) add() (slow bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dials = append(l.dials, time.Now())
	return l.slow && l.begun
}

// begin forgets the dials before the drop.
func (l *dialLog) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dials, l.begun = nil, true
}

func (l *dialLog) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.dials)
}

// busiest returns the most dials within any 100 ms.
func (l *dialLog) busiest() (most int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	dials := slices.SortedFunc(slices.Values(l.dials), time.Time.Compare)
	first := 0
	for i, at := range dials {
		for at.Sub(dials[first]) >= 100*time.Millisecond {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}
