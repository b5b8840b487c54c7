package census_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

var (
	histories = flag.Int("histories", 100, "random histories of a pool to go through")
	gone      = flag.Int("gone", 10_000, "connections to open and close")
	seed      = flag.Uint64("seed", 0, "of the random histories; 0 chooses one")
)

// A history is the true state of a pool of one client, beside the Census that gets its events.
type history struct {
	*events
	rng     *rand.Rand
	base    time.Time
	last    uint64              // connection
	newest  int                 // token
	held    map[uint64]int      // tokens by connection, noToken before the login
	pending map[uint64]struct{} // of the rotation
	ctx     context.Context     // of the rotation, nil if none is under way
}

const noToken = -1

func (h *history) token(n int) entra.TokenTimes {
	return life(h.base.Add(time.Duration(n) * time.Hour))
}

// any returns a connection, if there is one.
func (h *history) any() (id uint64, found bool) {
	if len(h.held) == 0 {
		return 0, false
	}
	ids := slices.Sorted(maps.Keys(h.held))
	return ids[h.rng.IntN(len(ids))], true
}

func (h *history) step() {
	switch n := h.rng.IntN(40); {
	case n < 10:
		h.last++
		h.held[h.last] = noToken
		h.opened(conn(h.last))
	case n < 27:
		if id, found := h.any(); found {
			h.authenticated(conn(id), h.token(h.newest), nil)
			h.held[id] = h.newest
			delete(h.pending, id)
		}
	case n < 37:
		if id, found := h.any(); found {
			var held time.Time
			if n := h.held[id]; n != noToken {
				held = h.token(n).ExpiresOn
			}
			delete(h.held, id)
			delete(h.pending, id)
			h.closed(conn(id), entra.CloseByServer, held, "")
		}
	case n == 37:
		h.end() // a rotation gives way to the next
		h.newest++
		h.refreshed(h.token(h.newest))
		for id, n := range h.held {
			if n != noToken {
				h.pending[id] = struct{}{}
			}
		}
		if n := len(h.pending); n > 0 {
			h.ctx = h.rotate(n, h.token(h.newest))
		}
	}
	if len(h.pending) == 0 {
		h.end()
	}
}

func (h *history) end() {
	if h.ctx != nil {
		h.rotated(h.ctx)
	}
	h.ctx = nil
	clear(h.pending)
}

func TestCountsRightInRandomHistories(t *testing.T) {
	chosen := *seed
	for chosen == 0 {
		chosen = rand.Uint64()
	}
	t.Logf("-seed %d replays this: nothing else is random here", chosen)
	for n := range *histories {
		h := history{
			events: newEvents(t), rng: rand.New(rand.NewPCG(chosen, uint64(n))), base: time.Unix(1e9, 0),
			held: map[uint64]int{}, pending: map[uint64]struct{}{},
		}
		for step := range 200 {
			h.step()
			for _, p := range h.c.Snapshot(h.base).Pools {
				if p.Rotation.Pending != len(h.pending) || p.Open() != len(h.held) {
					t.Fatalf("history %d, step %d: %d pending of %d open, want %d of %d", n, step, p.Rotation.Pending, p.Open(), len(h.pending), len(h.held))
				}
			}
		}
	}
}

// Connections come and go for months, on nodes that come and go.
func TestConnectionsThatHaveGoneLeaveNothing(t *testing.T) {
	e := newEvents(t)
	for i := range uint64(*gone) {
		c := entra.ConnInfo{Library: "go-redis", ID: i, ServerAddr: fmt.Sprintf("10.0.%d.%d:6380", i%10, i%300)}
		token := life(time.Unix(int64(i), 0))
		e.opened(c)
		e.authenticated(c, token, nil)
		e.closed(c, entra.CloseByServer, token.ExpiresOn, "")
	}
	pools := e.c.Snapshot(time.Unix(0, 0)).Pools
	if len(pools) > 100 {
		t.Errorf("%d pools are kept", len(pools))
	}
	for _, p := range pools {
		if p.Open() != 0 || len(p.Closes) != 1 {
			t.Errorf("%+v", p)
		}
	}
}
