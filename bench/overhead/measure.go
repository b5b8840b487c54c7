// Package overhead measures what tokens cost while nothing happens to them: the same host, the same server, the same
// work, once logged in with a static password and once with a token by an adapter of ours.
package overhead

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/gomodule/redigo/redis"

	"github.com/entraredis/entraredis/bench/internal/cores"
	"github.com/entraredis/entraredis/bench/internal/redisserver"
	"github.com/entraredis/entraredis/bench/internal/stats"
)

// A Result is what was measured.
type Result struct {
	Cells  []Cell
	Same   []Cell // a static password against itself: what the method makes of no difference
	Memory Memory
}

// A Cell is one workload of one host, with both logins.
type Cell struct {
	Host, Workload string
	TLS            bool
	Bare           bool    // the connection of the host with the password is not hidden from it
	Goal           float64 // how much slower ours may be
	Slices         int     // of each of the two
	Rate           stats.Interval
	CPU            stats.Interval // time of the processor for a command
	Base, Ours     Side
}

// A Side is one of the two that are compared.
type Side struct {
	Rate           float64       // commands in a second, the median of slices
	CPU            time.Duration // of this process, for a command, the median of slices
	Allocs, Bytes  float64       // for a command
	P50, P99, P999 time.Duration // of calls
}

// A plan says what is measured for how long.
type plan struct {
	slice  time.Duration
	slices int
	quick  bool
}

// Measure compares every client, workload and transport; quick does with a third of them. It takes six
// minutes, or three quarters of a minute.
func Measure(ctx context.Context, quick bool) (r *Result, err error) {
	server, err := redisserver.Start(ctx)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	if err := fill(ctx, server); err != nil {
		return nil, err
	}
	restore, err := cores.Separate(server.PID)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, restore()) }()
	p := plan{slice: 20 * time.Millisecond, slices: 180} // many short ones, for the noise of machines is slow
	if quick {
		p = plan{slice: 20 * time.Millisecond, slices: 60, quick: true}
	}
	r = &Result{}
	for _, c := range p.comparisons() {
		cell, err := p.compare(ctx, server, c)
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %w", c.host.name, c.work.name, err)
		}
		if c.ours.tokens {
			r.Cells = append(r.Cells, *cell)
		} else {
			r.Same = append(r.Same, *cell)
		}
	}
	r.Memory, err = remember(ctx, server)
	return r, err
}

// A comparison is one that a plan has.
type comparison struct {
	host       opener
	work       workload
	secure     bool
	base, ours login
}

func (p plan) comparisons() (all []comparison) {
	static, tokens := login{name: "static", hide: true}, login{name: "tokens", tokens: true}
	for _, h := range openers() {
		for _, w := range workloads() {
			for _, secure := range []bool{false, true} {
				if p.quick && (secure || w.what == large || w.what == hgetall || w.workers == 16) {
					continue
				}
				all = append(all, comparison{h, w, secure, static, tokens})
			}
		}
	}
	alone := workloads()[0]
	goRedis := openers()[0]
	all = append(all, comparison{goRedis, alone, false, login{name: "static"}, tokens})
	again := static
	again.name = "again"
	for _, w := range workloads() {
		if w.what == pipeline || w.what == get {
			all = append(all, comparison{goRedis, w, false, static, again})
		}
	}
	return all
}

// compare lets both work in turns, A B B A, so that neither is always the one that comes first.
func (p plan) compare(ctx context.Context, s *redisserver.Server, c comparison) (*Cell, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var sides [2]*side
	for i, l := range []login{c.base, c.ours} {
		one, err := newSide(ctx, s, c, l)
		if err != nil {
			return nil, err
		}
		defer one.close()
		sides[i] = one
	}
	for _, one := range sides { // connections are dialed, buffers have grown
		if _, err := one.slice(p.slice); err != nil {
			return nil, err
		}
		one.forget()
	}
	runtime.GC()
	for i := range p.slices {
		first, second := sides[i%2], sides[1-i%2]
		for _, one := range []*side{first, second} {
			if err := one.measure(p.slice); err != nil {
				return nil, err
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	base, ours := sides[0], sides[1]
	return &Cell{
		Host: c.host.name, Workload: c.work.name, TLS: c.secure, Goal: c.work.goal, Slices: p.slices,
		Bare: !c.base.hide,
		Rate: stats.Ratio(ours.rates, base.rates), CPU: stats.Ratio(ours.cpu, base.cpu),
		Base: base.result(), Ours: ours.result(),
	}, nil
}

// fill writes what the workloads read.
func fill(ctx context.Context, s *redisserver.Server) error {
	conn, err := redis.DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return err
	}
	for _, command := range seed() {
		if _, err := conn.Do(command[0].(string), command[1:]...); err != nil {
			return errors.Join(err, conn.Close())
		}
	}
	return conn.Close()
}
