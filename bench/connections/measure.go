// Package connections measures ten thousand connections in one process: what each takes while it is idle, and what it
// takes to bring a newer token to all of them.
package connections

import (
	"context"
	"fmt"
	"time"

	"github.com/entraredis/entraredis/bench/internal/peers"
)

// A Result is what was measured.
type Result struct {
	Bare float64       // bytes of the heap that a connection takes without us
	Auth time.Duration // of the processor, that an AUTH and its answer take without us
	Ways []Way
}

// A Way is one to hold many connections.
type Way struct {
	Name       string
	Conns      int
	Life       time.Duration // of a token
	Heap       float64       // bytes that a connection takes: Go's, the client library's and ours
	Goroutines int           // at most, of all that the connections brought with them
	Auths      int           // that brought a newer token to an open connection
	Redialed   int           // connections that the client opened in addition
	Late       int           // AUTHs in the last tenth of the old token's life
	LateBy     time.Duration // after the beginning of that tenth, at most
	Lost       int           // connections that the server closed because their token had expired
	Failed     int           // commands
	Spread     Spread        // of all AUTHs since the renewal, those of logins included
	// CPU is what this process used during the rotation, with the kernel on its behalf, and Idle the same in as long a
	// time before. Both are 0 where there is other work at the same time.
	CPU, Idle time.Duration
}

// scale is how many connections there are, and how long tokens live: as short as may be, for one has to be waited for.
type scale struct {
	conns          int
	life, poolLife time.Duration
	steps          bool // tokens are renewed and expire when all connections are ready, not by time
}

// Measure opens the connections in each way, and waits for the renewal. It takes a minute, or a quarter of one.
func Measure(ctx context.Context, quick bool) (*Result, error) {
	s := scale{conns: 10_000, life: 45 * time.Second, poolLife: 16 * time.Second}
	if quick {
		s = scale{conns: 3000, life: 9 * time.Second, poolLife: 4 * time.Second}
	}
	return s.measure(ctx)
}

// spareFiles are for all that is no connection.
const spareFiles = 200

func (s scale) measure(ctx context.Context) (*Result, error) {
	conns := min(s.conns, mostFiles()-spareFiles)
	pooled := min(s.conns, (mostFiles()-spareFiles)/2) // go-redis may dial one in addition to each
	without, err := bare(ctx, conns, s.life/3/time.Duration(conns))
	if err != nil {
		return nil, err
	}
	r := &Result{Bare: without.heap, Auth: without.auth}
	for _, measure := range []func() (*Way, error){
		func() (*Way, error) { return direct(ctx, conns, s.credential(s.life)) },
		func() (*Way, error) { return pool(ctx, peers.Ours, pooled, s.credential(s.poolLife)) },
		func() (*Way, error) {
			return pool(ctx, "StreamingCredentialsProvider", pooled, s.credential(s.poolLife))
		},
	} {
		w, err := measure()
		if err != nil {
			return nil, err
		}
		r.Ways = append(r.Ways, *w)
	}
	return r, nil
}

func (s scale) credential(life time.Duration) *credential {
	if s.steps {
		return stepwise(life)
	}
	return &credential{life: life}
}

// step gives the second token, waits until as many connections have it as can be waited for, and lets the first expire.
func (w *Way) step(ctx context.Context, cred *credential, server *process, renewed int) error {
	if err := cred.steps.Renew(ctx); err != nil {
		return err
	}
	for {
		w.Goroutines = max(w.Goroutines, goroutines())
		s, err := server.seen("")
		if err != nil {
			return err
		}
		if s.Auths >= renewed {
			return server.expire(cred.steps.First())
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return fmt.Errorf("%d of %d connections have got a newer token: %w", s.Auths, renewed, err)
		}
	}
}

// see takes over what the server has seen since all connections were logged in, and all of its AUTHs but the n logins.
func (w *Way) see(server *process) error {
	s, err := server.seen(withTimes)
	if err != nil {
		return err
	}
	if s.Logins < w.Conns {
		return fmt.Errorf("%d of %d connections have logged in", s.Logins, w.Conns)
	}
	w.Auths, w.Redialed, w.Late, w.LateBy, w.Lost = s.Auths, s.Logins-w.Conns, s.Late, s.LateBy, s.Expired
	w.Spread = spread(s.Times[w.Conns:])
	return nil
}
