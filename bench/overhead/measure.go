// Package overhead measures what tokens cost while nothing happens to them: the same client, the
// same server, the same work, once logged in with a static password and once with a token by an
// adapter of ours.
package overhead

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/gomodule/redigo/redis"

	"github.com/entraredis/entraredis/bench/internal/cores"
	"github.com/entraredis/entraredis/bench/internal/redisserver"
	"github.com/entraredis/entraredis/bench/internal/stats"
)

// A Result is what was measured.
type Result struct {
	Cells   []Cell
	Same    []Cell // a static password against itself: the noise of the method
	Between []Cell // a static password on a connection that only forwards: the cost of any wrapper
	Memory  Memory
}

// A Cell is one workload of one client, with both logins.
type Cell struct {
	Library, Workload string
	TLS               bool
	Bare              bool    // the client with the password sees the kind of its connection
	Goal              float64 // how much slower ours may be
	Rounds, Slices    int     // each round has a new process; slices of each of the two in all rounds
	Rate              stats.Interval
	CPU               stats.Interval // time of the processor for a command
	Base, Ours        Side
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
	Slice  time.Duration // or a lap, if that is longer
	Quads  int           // of slices in a round, see once
	Fewest int           // rounds, in each of which everything is compared once
	Long   time.Duration // what is least certain is compared again until this has passed
	Quick  bool
}

// lap is long enough for each worker to make a call or two.
func (w workload) lap() time.Duration { return time.Duration(w.workers) * 40 * time.Microsecond }

// patience is more than it takes, for each of many, to dial a connection and log in. A pool that still dials in slices that
// count would make its side slower.
func patience(secure bool) time.Duration {
	if secure {
		return time.Millisecond
	}
	return 500 * time.Microsecond
}

// Measure compares every client, workload and transport; quick does with a third of them. It takes six
// minutes, or three quarters of a minute.
func Measure(ctx context.Context, quick bool) (r *Result, err error) {
	// Slices are short, for the noise of machines is slow: with pairs of 20 ms the intervals were two to five times as
	// wide. Of fewer than six rounds there is no interval.
	p := plan{Slice: 2 * time.Millisecond, Quads: 30, Fewest: 6, Long: 325 * time.Second}
	if quick {
		p.Quads, p.Long, p.Quick = 12, 35*time.Second, true
	}
	if r, err = p.measure(ctx); err != nil {
		return nil, err
	}
	server, end, err := apart(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, end()) }()
	r.Memory, err = remember(ctx, server)
	return r, err
}

// apart starts a server that has what the workloads read, on a core of its own, until end is called.
func apart(ctx context.Context) (server *redisserver.Server, end func() error, err error) {
	if server, err = redisserver.Start(ctx); err != nil {
		return nil, nil, err
	}
	if err := fill(ctx, server); err != nil {
		return nil, nil, errors.Join(err, server.Close())
	}
	restore, err := cores.Separate(server.PID)
	if err != nil {
		return nil, nil, errors.Join(err, server.Close())
	}
	return server, func() error { return errors.Join(restore(), server.Close()) }, nil
}

// measure goes through all comparisons again and again, so that the minutes in which the machine is busy with something
// else fall on all of them. Where a program and its data lie in memory, here and in the kernel, makes one of the two faster
// or slower by a percent or two for as long as a connection, a process or the program's file lives, and so does what the
// process did before. So there is a new process each time, and a new file and a new server in each round.
func (p plan) measure(ctx context.Context) (*Result, error) {
	all := p.comparisons()
	began := time.Now()
	for n := 0; n < p.Fewest || time.Since(began) < p.Long; n++ {
		chosen := all
		if n >= p.Fewest {
			chosen = leastCertain(all)
		}
		if err := p.round(ctx, chosen); err != nil {
			return nil, err
		}
	}
	r := &Result{}
	for _, c := range all {
		list := r.kept(c)
		*list = append(*list, c.cell())
	}
	return r, nil
}

// leastCertain returns the quarter of the comparisons with the widest intervals.
func leastCertain(all []*comparison) []*comparison {
	width := make(map[*comparison]float64)
	for _, c := range all {
		rate := c.rate()
		width[c] = (rate.High - rate.Low) / c.work.goal
	}
	widest := slices.SortedStableFunc(slices.Values(all), func(a, b *comparison) int { return cmp.Compare(width[b], width[a]) })
	return widest[:(len(all)+3)/4]
}

func (p plan) round(ctx context.Context, chosen []*comparison) (err error) {
	server, end, err := apart(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	program, err := copyProgram()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, program.remove()) }()
	for _, c := range chosen {
		swapped := len(c.outcomes)%2 == 1
		o, err := program.compareOnce(ctx, task{Plan: p, Comparison: c.index, Swapped: swapped, Server: server.Access()})
		if err != nil {
			return fmt.Errorf("%s, %s: %w", c.opener.name, c.work.name, err)
		}
		c.outcomes = append(c.outcomes, o)
	}
	return nil
}

// once opens both sides, in the other order if swapped, and lets them work in turns, A B B A. What
// counts are the medians of what ours has in such a quad, divided by what base has. A slice is
// faster after one of the same side, whose connections are in the caches: so a lap that does not
// count comes before each, and only quads are compared, which have one of these and one of those of
// each side.
func (c *comparison) once(ctx context.Context, p plan, s *redisserver.Server, swapped bool) (o outcome, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	order := []int{0, 1}
	if swapped {
		order = []int{1, 0}
	}
	var sides [2]*side
	for _, i := range order {
		one, err := newSide(ctx, s, c, c.logins[i])
		if err != nil {
			return o, err
		}
		defer one.close()
		sides[i] = one
	}
	for _, i := range order {
		if err := sides[i].warmUp(max(20*time.Millisecond, time.Duration(c.work.workers)*patience(c.secure))); err != nil {
			return o, err
		}
	}
	runtime.GC()
	var rates, cpus [2][]float64
	for range p.Quads {
		var rate, cpu [2]float64
		for range 2 {
			for _, i := range order {
				if err := sides[i].warmUp(c.work.lap()); err != nil {
					return o, err
				}
				r, t, err := sides[i].measure(max(p.Slice, c.work.lap()))
				if err != nil {
					return o, err
				}
				rate[i] += r
				cpu[i] += t
			}
			slices.Reverse(order)
		}
		for i := range order {
			rates[i], cpus[i] = append(rates[i], rate[i]), append(cpus[i], cpu[i])
		}
	}
	o.Rate, o.CPU = stats.Ratio(rates[1], rates[0]).Median, stats.Ratio(cpus[1], cpus[0]).Median
	o.Records = [2]*record{sides[0].recorded(), sides[1].recorded()}
	return o, ctx.Err()
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
