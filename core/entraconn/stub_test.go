package entraconn_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

// dialsInAdvance dials n connections at once and returns them, silent, as a pool keeps them.
func dialsInAdvance(s *site, dial dialFunc, n int) (kept []*client) {
	var dials sync.WaitGroup
	kept = make([]*client, n)
	for i := range kept {
		dials.Go(func() { kept[i] = s.client(dial) })
	}
	dials.Wait()
	return kept
}

// allServed has all clients send a command at once, and counts those that get its reply.
func allServed(kept []*client) (served int) {
	var mu sync.Mutex
	var calls sync.WaitGroup
	for _, c := range kept {
		calls.Go(func() {
			err := c.SetDeadline(time.Now().Add(3 * time.Second))
			if err == nil {
				err = c.send("PING")
			}
			if err == nil {
				_, err = c.line()
			}
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				served++
			}
		})
	}
	calls.Wait()
	return served
}

// A pool keeps what it has dialed while the server refused logins. With a password those connections
// work as soon as the server accepts logins again.
func TestConnectionsDialedDuringRefusalsWorkAfterThem(t *testing.T) {
	inBubble(t, func(s *site) {
		fault := s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS no"})
		dial := entraconn.NewDialer(s.src, nil).DialFunc(s.network.DialContext)
		if _, err := s.try(dial); !errors.As(err, new(*entra.AuthError)) {
			t.Fatalf("got %v", err)
		}
		takeProbe(s, dial, 500*time.Millisecond)
		takeProbe(s, dial, time.Second) // the next one is in nearly 2 s
		accepted := s.gateway.Stats().Accepted
		kept := dialsInAdvance(s, dial, 50)
		if n := s.gateway.Stats().Accepted - accepted; n > 0 {
			t.Fatalf("%d were dialed, so nothing is tested", n)
		}
		fault.Remove()
		s.rest(10 * time.Second)
		if served := allServed(kept); served != len(kept) {
			t.Errorf("%d of %d commands were served", served, len(kept))
		}
		if n := s.gateway.Stats().Accepted - accepted; n != len(kept) {
			t.Errorf("%d connections were dialed for %d", n, len(kept))
		}
		for _, c := range kept {
			c.Close()
		}
		synctest.Wait()
		s.events.paired(t)
	})
}

// The client that has waited in the dial hears the refusal from its first write at once. One that
// comes later waits for the next probe by the same rules, and nothing is dialed without one.
func TestConnectionsDialedDuringRefusalsAreRefusedLikeOthers(t *testing.T) {
	inBubble(t, func(s *site) {
		s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS no"})
		dial := entraconn.NewDialer(s.src, nil).DialFunc(s.network.DialContext)
		if _, err := s.try(dial); !errors.As(err, new(*entra.AuthError)) {
			t.Fatalf("got %v", err)
		}
		takeProbe(s, dial, 500*time.Millisecond)
		takeProbe(s, dial, time.Second)
		kept := dialsInAdvance(s, dial, 40)
		began := time.Now()
		for _, c := range kept[:20] {
			if err := c.send("PING"); !errors.As(err, new(*entra.AuthError)) || time.Since(began) > 0 {
				t.Fatalf("after %v: %v", time.Since(began), err)
			}
			if _, err := c.line(); !errors.As(err, new(*entra.AuthError)) {
				t.Fatalf("a read after that: %v", err)
			}
		}
		s.rest(time.Minute)
		before := s.gateway.Stats().Accepted
		began = time.Now()
		if served := allServed(kept[20:]); served > 0 {
			t.Errorf("%d commands were served", served)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("they waited %v", took)
		}
		if n := s.gateway.Stats().Accepted - before; n > 1 {
			t.Errorf("%d connections, want one probe", n)
		}
		for _, c := range kept {
			c.Close()
		}
	})
}

// The same without a token.
func TestConnectionsDialedWithoutATokenWorkWithOne(t *testing.T) {
	inBubble(t, func(s *site) {
		s.src.Close() // it has asked before the fault
		fault := s.sts.Inject(entratest.Fault{Status: 401, Body: wrongSecret})
		src, err := entra.NewSource(s.sts.Credential(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		dial := entraconn.NewDialer(src, nil).DialFunc(s.network.DialContext)
		kept := dialsInAdvance(s, dial, 50)
		if n := s.gateway.Stats().Accepted; n > 0 {
			t.Fatalf("%d were dialed, so nothing is tested", n)
		}
		s.rest(time.Minute)
		began := time.Now()
		err = kept[0].send("PING")
		var refresh *entra.RefreshError
		if !errors.As(err, &refresh) || refresh.Kind != entra.KindRejected || refresh.Attempt < 2 || time.Since(began) > time.Second {
			t.Errorf("after a minute and %v: %v", time.Since(began), err)
		}
		fault.Remove()
		s.rest(10 * time.Minute)
		if served := allServed(kept[1:]); served != len(kept)-1 {
			t.Errorf("%d of %d commands were served", served, len(kept)-1)
		}
		for _, c := range kept {
			c.Close()
		}
	})
}
