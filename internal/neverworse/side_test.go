package neverworse_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/internal/neverworse/twin"
)

// A side is one of the two clients, with its callers.
type side struct {
	callers     int
	deadline    time.Duration // of each call, none if negative
	dialTimeout time.Duration
	pace        time.Duration // all callers call in the same moments, as requests of one page do, so that the pools are full
	network     *entratest.Network
	client      twin.Client
	waits       waits
	dials       atomic.Int64
	filled      time.Duration // how long the connections took that were dialed in advance

	mu        sync.Mutex
	errors    int
	successes int
	over      time.Time // when the fault was; zero before
	served    map[int]bool
	lastBad   time.Time // the last error after the fault, or the last caller's first success, whichever came last
}

// An outcome is what the callers of a side saw.
type outcome struct {
	errors, successes, dials int
	wait                     time.Duration // the longest in a dial
	recovery                 time.Duration // from the fault's end until every caller is served and sees no error any more
}

func newSide(f fault, network *entratest.Network) *side {
	s := &side{callers: f.callers, deadline: f.deadline, dialTimeout: f.dialTimeout, pace: f.pace, network: network, served: map[int]bool{}}
	if s.callers == 0 {
		s.callers = 20
	}
	if s.deadline == 0 {
		s.deadline = 3 * time.Second
	}
	if s.pace == 0 {
		s.pace = 250 * time.Millisecond
	}
	if s.dialTimeout == 0 {
		s.dialTimeout = 5 * time.Second
	}
	return s
}

// dial reaches the server, as the user's own dial function does.
func (s *side) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	s.dials.Add(1)
	ctx, cancel := context.WithTimeout(ctx, s.dialTimeout)
	defer cancel()
	return s.network.DialContext(ctx, network, addr)
}

// runCaller calls at the same moments as the others, give or take a moment, until ctx ends.
func (s *side) runCaller(ctx context.Context, caller int, dice *rand.Rand) {
	key := fmt.Sprint("key:", caller)
	for began := time.Now(); ; {
		next := began.Add(time.Since(began).Truncate(s.pace) + s.pace + time.Duration(dice.Int64N(int64(latency))))
		select {
		case <-time.After(time.Until(next)):
		case <-ctx.Done():
			return
		}
		err := s.call(ctx, key)
		if ctx.Err() != nil {
			return
		}
		s.record(caller, err)
	}
}

func (s *side) call(ctx context.Context, key string) error {
	if s.deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.deadline)
		defer cancel()
	}
	return s.client.Call(ctx, key)
}

func (s *side) record(caller int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.errors++
		s.lastBad = time.Now()
		return
	}
	s.successes++
	if !s.over.IsZero() && !s.served[caller] {
		s.served[caller] = true
		s.lastBad = time.Now()
	}
}

func (s *side) faultIsOver(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over, s.lastBad = at, at
}

func (s *side) hasRecovered() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.served) == s.callers && time.Since(s.lastBad) >= calm
}

// addServed adds the calls of so much time in which every caller is served.
func (s *side) addServed(rest time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.successes += int(rest/s.pace) * s.callers
}

// outcome returns what the callers saw, when they have ended.
func (s *side) outcome() outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := outcome{errors: s.errors, successes: s.successes, dials: int(s.dials.Load()), wait: s.waits.max(), recovery: s.lastBad.Sub(s.over)}
	switch {
	case s.filled > 0:
		o.recovery = s.filled
	case len(s.served) < s.callers:
		o.recovery = aftermath
	}
	return o
}

// waits knows how long a client's dials have taken, those under way included.
type waits struct {
	mu       sync.Mutex
	last     int
	underWay map[int]time.Time
	longest  time.Duration
}

// begin is told of a dial, and returns what is to be called when it has ended.
func (w *waits) begin() (end func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.underWay == nil {
		w.underWay = map[int]time.Time{}
	}
	w.last++
	n, began := w.last, time.Now()
	w.underWay[n] = began
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.underWay, n)
		w.longest = max(w.longest, time.Since(began))
	}
}

func (w *waits) max() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	longest := w.longest
	for _, began := range w.underWay {
		longest = max(longest, time.Since(began))
	}
	return longest
}
