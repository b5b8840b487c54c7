// Package rotation measures what callers notice while tokens are renewed again and again under load.
package rotation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/entraredis/entraredis/bench/internal/azure"
	"github.com/entraredis/entraredis/bench/internal/cores"
	"github.com/entraredis/entraredis/bench/internal/peers"
	"github.com/entraredis/entraredis/bench/internal/stats"
)

// A Result is what was measured.
type Result struct {
	Conns, PerSecond, Subscribers, Blocked int
	Life                                   time.Duration // of a token
	Ways                                   []Way
}

// A Way is one peer under load.
type Way struct {
	Host, Name string
	Seconds    float64 // in rotation
	Commands   int
	Errors     int // commands that failed
	Messages   int // that subscribers should have received
	Lost       int // of them
	Pops       int // blocking calls that should have got something
	Broken     int // of them
	Dials      int // beyond those of the start
	Auths      float64
	Latency    Latency        // in rotation
	Steady     Latency        // of the same way, with a token that lives for a day
	P50, P999  stats.Interval // latency in rotation, divided by steady
}

// Latency is that of commands, from when they were to be sent.
type Latency struct{ P50, P99, P999 time.Duration }

const (
	life        = 1340 * time.Millisecond // renewed after three quarters: a rotation in each second
	steadyLife  = 24 * time.Hour
	warmUp      = 1500 * time.Millisecond
	conns       = 100
	perSecond   = 2000
	subscribers = 10
	blocked     = 10
)

// Measure measures every way, in turns with a token that lives for a day. It takes two and a half minutes, or 20
// seconds.
func Measure(ctx context.Context, quick bool) (r *Result, err error) {
	length, rounds, chosen := 3*time.Second, 4, peers.All()
	if quick {
		length, rounds, chosen = 1500*time.Millisecond, 1, chosen[:2]
	}
	server, err := azure.Start(ctx)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	restore, err := cores.Separate(server.PID)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, restore()) }()
	r = &Result{Conns: conns, PerSecond: perSecond, Subscribers: subscribers, Blocked: blocked, Life: life}
	for _, p := range chosen {
		n := rounds
		if p.Name != peers.Ours {
			n = (rounds + 1) / 2
		}
		way, err := compare(ctx, server, p, length, n)
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %w", p.Host, p.Name, err)
		}
		r.Ways = append(r.Ways, *way)
	}
	return r, nil
}

// compare measures one way, steady and in rotation in turns: A B B A.
func compare(ctx context.Context, server *azure.Azure, p peers.Peer, length time.Duration, rounds int) (*Way, error) {
	way := &Way{Host: p.Host, Name: p.Name}
	all := [2]*hdrhistogram.Histogram{newHistogram(), newHistogram()}
	var p50, p999 [2][]float64
	for i := range 2 * rounds {
		rotating := (i + 1) / 2 % 2
		lifetime := steadyLife
		if rotating == 1 {
			lifetime = life
		}
		if err := server.SetLifetime(ctx, lifetime); err != nil {
			return nil, err
		}
		slice, err := run(ctx, server, p, length)
		if err != nil {
			return nil, err
		}
		all[rotating].Merge(slice.latency)
		p50[rotating] = append(p50[rotating], float64(slice.latency.ValueAtQuantile(50)))
		p999[rotating] = append(p999[rotating], float64(slice.latency.ValueAtQuantile(99.9)))
		if rotating == 1 {
			way.add(slice)
		}
	}
	way.Auths /= way.Seconds
	way.Steady, way.Latency = latencyOf(all[0]), latencyOf(all[1])
	way.P50, way.P999 = stats.Ratio(p50[1], p50[0]), stats.Ratio(p999[1], p999[0])
	return way, nil
}

func (w *Way) add(s *slice) {
	w.Seconds += s.took.Seconds()
	w.Commands += s.commands
	w.Errors += s.errors
	w.Messages += s.messages
	w.Lost += s.lost
	w.Pops += s.pops
	w.Broken += s.broken
	w.Dials += s.dials
	w.Auths += float64(s.auths)
}

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, int64(time.Minute), 3) }

func latencyOf(h *hdrhistogram.Histogram) Latency {
	at := func(q float64) time.Duration { return time.Duration(h.ValueAtQuantile(q)) }
	return Latency{at(50), at(99), at(99.9)}
}
