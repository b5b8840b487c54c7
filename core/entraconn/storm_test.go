package entraconn_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

// A crowd is many clients, each with a connection that it dials again when it is lost.
type crowd struct {
	*site
	dial func(context.Context, string, string) (net.Conn, error)
	open []*client

	handshake time.Duration // how long one takes at a server that has nothing else to do
	oneByOne  bool          // the server makes one handshake after the other

	mu       sync.Mutex
	rng      *rand.Rand
	dials    []time.Time // that reached the server, in order
	freeAt   time.Time   // when the server has made the handshakes that were asked for
	underWay int         // handshakes
	most     int         // that were under way together
}

func newCrowd(s *site) *crowd {
	c := &crowd{site: s, rng: random(s.t, 0, 1)}
	c.dial = entraconn.NewDialer(s.src, nil).DialFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
		c.mu.Lock()
		c.dials = append(c.dials, time.Now())
		c.underWay++
		c.most = max(c.most, c.underWay)
		doneAt := time.Now().Add(c.handshake)
		if c.oneByOne && c.freeAt.After(time.Now()) {
			doneAt = c.freeAt.Add(c.handshake)
		}
		c.freeAt = doneAt
		c.mu.Unlock()
		c.rest(time.Until(doneAt))
		c.mu.Lock()
		c.underWay--
		c.mu.Unlock()
		return s.network.DialContext(ctx, network, addr)
	})
	return c
}

// grow adds n connections at once and returns how long that takes.
func (c *crowd) grow(n int) time.Duration {
	began := time.Now()
	all := make([]*client, n)
	var clients sync.WaitGroup
	for i := range all {
		clients.Go(func() {
			all[i] = c.client(c.dial)
			all[i].do("PING", "+PONG")
		})
	}
	clients.Wait()
	c.open = append(c.open, all...)
	return time.Since(began)
}

// back has every client read until its connection is lost, and dial until it has a new one. It
// returns how long that takes. A client rests about a tenth of a second after a failed dial.
func (c *crowd) back() time.Duration {
	c.dials, c.most = nil, 0
	began := time.Now()
	var clients sync.WaitGroup
	for _, member := range c.open {
		clients.Go(func() {
			_, err := member.line()
			for first := true; err != nil; first = false {
				member.Close()
				if !first {
					c.rest(c.pause())
				}
				*member = *c.client(c.dial)
				if err = member.send("PING"); err == nil {
					_, err = member.line()
				}
			}
		})
	}
	clients.Wait()
	return time.Since(began)
}

func (c *crowd) close() {
	for _, member := range c.open {
		member.Close()
	}
}

// pause returns how long a client rests after a failed dial.
func (c *crowd) pause() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Duration(50+c.rng.IntN(100)) * time.Millisecond
}

// busiest returns the most dials in any 100 ms.
func (c *crowd) busiest() (most int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := 0
	for i, at := range c.dials {
		for at.Sub(c.dials[first]) >= 100*time.Millisecond {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// busyHandshake is how long a handshake takes at a server that other clients keep busy.
const busyHandshake = 50 * time.Millisecond

// busyServer keeps the server busy from now on. Handshakes took no time before.
func (c *crowd) busyServer() {
	c.network.Inject(entratest.NetworkFault{Delay: busyHandshake})
}

// mostAtOnce returns how many of n dials that are spread over a second may fall into 100 ms: a
// tenth of them, some more by chance, and the ten that are not delayed.
func mostAtOnce(n int) int { return max(20, n*11/100+9) }

func TestDroppedConnectionsComeBackAtAPace(t *testing.T) {
	for _, lost := range []int{20, 100, crowdSize()} {
		most := mostAtOnce(lost)
		inBubble(t, func(s *site) {
			c := newCrowd(s)
			defer c.close()
			c.grow(lost)
			c.busyServer()
			if n := s.gateway.DropAll(); n != lost {
				t.Fatalf("%d were dropped", n)
			}
			took := c.back() - busyHandshake
			if took > time.Second || lost >= 100 && took < 900*time.Millisecond {
				t.Errorf("%d came back within %v", lost, took)
			}
			if n := c.busiest(); n > most {
				t.Errorf("of %d, %d were dialed within 100 ms, want %d at most", lost, n, most)
			}
			if n := len(c.dials); n != lost {
				t.Errorf("%d dials for %d", n, lost)
			}
			t.Logf("%d lost: back within %v, %d in the busiest 100 ms", lost, took, c.busiest())
			s.rest(time.Second)
			if took := c.grow(lost / 5); took > busyHandshake {
				t.Errorf("a second after the storm a pool grew in %v", took)
			}
		})
	}
}

// Callers may have no second. A server whose handshakes stay as quick as one alone gets twice as many
// with each of them.
func TestServerThatKeepsUpIsDialedSooner(t *testing.T) {
	for _, handshake := range []time.Duration{0, 5 * time.Millisecond, 80 * time.Millisecond} {
		inBubble(t, func(s *site) {
			c := newCrowd(s)
			defer c.close()
			c.handshake = handshake
			c.grow(100)
			s.gateway.DropAll()
			took := c.back()
			if took > 4*handshake { // 10, 20, 40 and 30
				t.Errorf("handshakes of %v: back after %v", handshake, took)
			}
			if len(c.dials) != 100 {
				t.Errorf("%d dials for 100", len(c.dials))
			}
		})
	}
}

// A server that makes one handshake after the other has a tenth of a storm to make at a time, and is
// never without one. A client with a password asks for all of them at once.
func TestServerThatIsBusyIsNotFlooded(t *testing.T) {
	const handshake, lost = 3 * time.Millisecond, 200
	inBubble(t, func(s *site) {
		c := newCrowd(s)
		defer c.close()
		c.handshake, c.oneByOne = handshake, true
		c.grow(lost)
		s.rest(time.Minute)
		s.gateway.DropAll()
		took := c.back()
		if c.most > lost/10 {
			t.Errorf("%d handshakes were under way together, want %d at most", c.most, lost/10)
		}
		if most := lost*handshake + 500*time.Millisecond; took > most {
			t.Errorf("back after %v, want %v at most", took, most)
		}
		t.Logf("back after %v, %d handshakes under way at most", took, c.most)
	})
}

func TestPaceIsKeptWhileAServerIsAway(t *testing.T) {
	inBubble(t, func(s *site) {
		c := newCrowd(s)
		defer c.close()
		c.grow(crowdSize())
		c.busyServer()
		away := s.gateway.Inject(entratest.WireFault{RefuseConn: true})
		s.gateway.DropAll()
		const outage = 5 * time.Second
		time.AfterFunc(outage, away.Remove)
		took := c.back() - outage
		if n := c.busiest(); n > mostAtOnce(crowdSize()) {
			t.Errorf("%d were dialed within 100 ms", n)
		}
		if took > 1200*time.Millisecond { // a client may be at rest when the server comes back
			t.Errorf("all were back after %v", took)
		}
		t.Logf("back within %v, %d dials in the busiest 100 ms, %d in all", took, c.busiest(), len(c.dials))
	})
}

func TestFewReconnectsAreNotDelayed(t *testing.T) {
	for _, lost := range []int{1, 9} {
		inBubble(t, func(s *site) {
			c := newCrowd(s)
			defer c.close()
			c.grow(lost)
			for range 3 {
				s.gateway.DropAll()
				if took := c.back(); took > 0 {
					t.Errorf("%d came back within %v", lost, took)
				}
				s.rest(time.Second)
			}
		})
	}
}

func TestGrowthIsNotPaced(t *testing.T) {
	inBubble(t, func(s *site) {
		c := newCrowd(s)
		defer c.close()
		for range 3 { // first dials, then more of them
			if took := c.grow(crowdSize() / 3); took > 0 {
				t.Errorf("more of them took %v", took)
			}
		}
		for _, member := range c.open { // a connection that its client closes is not lost
			member.Close()
		}
		if c.open = nil; c.grow(crowdSize()/3) > 0 {
			t.Error("was paced after connections had been closed")
		}
		s.gateway.DropAll()
		for _, member := range c.open {
			_, _ = member.line()
		}
		c.close()
		s.rest(10 * time.Minute) // a client that is not back by then does not come back
		if c.open = nil; c.grow(crowdSize()/3) > 0 {
			t.Error("was paced long after a storm")
		}
	})
}

// storm has all clients lose their connections and dial again. Those dials wait.
func (c *crowd) storm(ctx context.Context) (results chan error) {
	c.dials = nil
	c.gateway.DropAll()
	results = make(chan error, len(c.open))
	for _, member := range c.open {
		_, _ = member.line()
		member.Close()
	}
	for range c.open {
		go func() {
			conn, err := c.dial(ctx, "tcp", addr)
			if err == nil {
				if _, err = conn.Write(encode("PING")); err == nil {
					_, err = conn.Read(make([]byte, 100))
				}
				_ = conn.Close()
			}
			results <- err
		}()
	}
	c.open = nil
	return results
}

func TestWaitingDialsEndWithTheirContext(t *testing.T) {
	inBubble(t, func(s *site) {
		c := newCrowd(s)
		c.grow(100)
		c.busyServer()
		ctx, cancel := context.WithCancel(c.t.Context())
		results := c.storm(ctx)
		c.rest(305 * time.Millisecond)
		began := time.Now()
		cancel()
		canceled := 0
		for range cap(results) {
			if errors.Is(<-results, context.Canceled) {
				canceled++
			}
		}
		if canceled < 60 || time.Since(began) > 0 {
			t.Errorf("%d dials ended after %v", canceled, time.Since(began))
		}
		if one := c.client(c.dial); time.Since(began) > 20*time.Millisecond+busyHandshake {
			t.Errorf("a dial waited %v for places that no dial needs", time.Since(began))
		} else {
			one.Close()
		}
	})
}

// A dial that has little time spends most of it on dialing.
func TestDialsInAHurryWaitLess(t *testing.T) {
	inBubble(t, func(s *site) {
		c := newCrowd(s)
		c.grow(100)
		c.busyServer()
		ctx, cancel := context.WithTimeout(c.t.Context(), 300*time.Millisecond)
		defer cancel()
		began := time.Now()
		results := c.storm(ctx)
		for range cap(results) {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(began) - busyHandshake; took > 75*time.Millisecond || took < 50*time.Millisecond {
			t.Errorf("the last waited %v", took)
		}
	})
}

// A dial that waits for its place asks again after that whether it may go ahead: the server may
// refuse logins by then.
func TestRefusalReachesWaitingDials(t *testing.T) {
	inBubble(t, func(s *site) {
		c := newCrowd(s)
		c.grow(100)
		s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS no more", LoginOnly: true})
		results := c.storm(c.t.Context())
		refused := 0
		for range cap(results) {
			if err := <-results; errors.As(err, new(*entra.AuthError)) {
				refused++
			}
		}
		if refused != cap(results) || len(c.dials) > 30 {
			t.Errorf("%d of %d dials were refused, %d reached the server", refused, cap(results), len(c.dials))
		}
	})
}
