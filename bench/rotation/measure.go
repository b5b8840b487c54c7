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
	Library, Name string
	Seconds       float64 // in rotation
	Commands      int
	Errors        int // commands that failed
	Messages      int // that subscribers should have received
	Lost          int // of them
	Pops          int // blocking calls that should have got something
	Broken        int // of them
	Dials         int // beyond those of the start
	Auths         float64
	Latency       Latency        // in rotation
	Steady        Latency        // of the same way, with a token that lives for a day
	P50, P999     stats.Interval // latency in a second of rotation, divided by a steady second's
}

// Latency is that of commands, from when they were to be sent: the median of the seconds' percentiles, which a machine
// that stands still for a moment in one of them does not move, and the longest of all, which it does.
type Latency struct{ P50, P99, P999, Max time.Duration }

const (
	life        = 1340 * time.Millisecond // renewed after three quarters: a rotation in each second
	steadyLife  = 24 * time.Hour
	warmUp      = 1500 * time.Millisecond
	conns       = 100
	perSecond   = 4000
	subscribers = 10
	blocked     = 10
)

// Measure measures every way, in turns with a token that lives for a day. It takes six minutes, or 20 seconds.
func Measure(ctx context.Context, quick bool) (r *Result, err error) {
	ours, others, chosen := plan{3, 9}, plan{3, 2}, peers.All()
	if quick {
		ours, others, chosen = plan{2, 2}, plan{2, 1}, chosen[:2]
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
		plan := others
		if p.Name == peers.Ours {
			plan = ours
		}
		way, err := plan.compare(ctx, server, p, plan.slice)
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %w", p.Library, p.Name, err)
		}
		r.Ways = append(r.Ways, *way)
	}
	return r, nil
}

// A plan says how many seconds a slice has, and how many pairs of them there are: in rotation, and steady. What counts are
// the seconds, each with a rotation; each slice has a new client.
type plan struct{ seconds, pairs int }

// A slicer measures one slice, of a client whose tokens are renewed or are not.
type slicer func(ctx context.Context, server *azure.Azure, p peers.Peer, rotating bool) (*slice, error)

// slice measures for as long as the plan says, with tokens of life or of steadyLife.
func (l plan) slice(ctx context.Context, server *azure.Azure, p peers.Peer, rotating bool) (*slice, error) {
	lifetime := steadyLife
	if rotating {
		lifetime = life
	}
	if err := server.SetLifetime(ctx, lifetime); err != nil {
		return nil, err
	}
	pace := pace{
		warmUp: func(*load) error {
			time.Sleep(warmUp)
			return nil
		},
		count: func(load *load) error {
			load.count(l.seconds)
			return nil
		},
	}
	return pace.run(ctx, server, p, server)
}

// compare measures one way, steady and in rotation in turns: A B B A.
func (l plan) compare(ctx context.Context, server *azure.Azure, p peers.Peer, measure slicer) (*Way, error) {
	way := &Way{Library: p.Library, Name: p.Name}
	var all [2][]*hdrhistogram.Histogram
	for i := range 2 * l.pairs {
		rotating := (i + 1) / 2 % 2
		slice, err := measure(ctx, server, p, rotating == 1)
		if err != nil {
			return nil, err
		}
		all[rotating] = append(all[rotating], slice.latency...)
		if rotating == 1 {
			way.add(slice)
		}
	}
	way.Auths /= way.Seconds
	way.Steady, way.Latency = latencyOf(all[0]), latencyOf(all[1])
	way.P50 = stats.Ratio(quantiles(all[1], 50), quantiles(all[0], 50))
	way.P999 = stats.Ratio(quantiles(all[1], 99.9), quantiles(all[0], 99.9))
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

// quantiles returns a quantile of each second.
func quantiles(seconds []*hdrhistogram.Histogram, q float64) (all []float64) {
	for _, h := range seconds {
		all = append(all, float64(h.ValueAtQuantile(q)))
	}
	return all
}

func latencyOf(seconds []*hdrhistogram.Histogram) Latency {
	at := func(q float64) time.Duration { return time.Duration(stats.Median(quantiles(seconds, q)).Median) }
	l := Latency{P50: at(50), P99: at(99), P999: at(99.9)}
	for _, h := range seconds {
		l.Max = max(l.Max, time.Duration(h.Max()))
	}
	return l
}
