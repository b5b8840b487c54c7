package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// conduct runs all incidents at the same time. What Prometheus stores and the services write goes to dir, or to a folder that
// is removed at the end.
func conduct(ctx context.Context, pace float64, dir string) (_ []observed, err error) {
	paced := func(d time.Duration) time.Duration { return time.Duration(float64(d) * pace).Round(time.Second) }
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "incidents"); err != nil {
			return nil, err
		}
		defer func() { _ = os.RemoveAll(dir) }()
	}
	redis := entratest.NewMiniredis()
	defer func() { _ = redis.Close() }()
	watchdog, err := entratest.NewWatchdog(redis)
	if err != nil {
		return nil, err
	}
	defer func() { _ = watchdog.Close() }()

	var services []*service
	for _, i := range incidents() {
		life := i.life
		if life < entratest.DefaultLifetime {
			life = paced(life)
		}
		a, err := newAzure(redis, watchdog.Starved, life, i.caches...)
		if err != nil {
			return nil, err
		}
		defer a.close()
		listen, err := freeAddr()
		if err != nil {
			return nil, err
		}
		var names []string
		for _, c := range a.caches {
			names = append(names, c.gateway.Addr(), c.name)
		}
		services = append(services, &service{incident: i, program: program, dir: dir, listen: listen, pace: paced, azure: a,
			record: &record{names: strings.NewReplacer(names...)}})
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	prom, err := startPrometheus(ctx, dir, paced(interval), services)
	if err != nil {
		return nil, err
	}
	defer func() { _ = prom.end() }()
	defer cancel()

	started := time.Now()
	podsCtx, endPods := context.WithCancel(ctx)
	defer endPods()
	var wg sync.WaitGroup
	problems := make([]error, len(services))
	for i, s := range services {
		wg.Go(func() { problems[i] = s.run(podsCtx, started) })
	}
	if !rest(ctx, paced(stop)) {
		endPods()
		wg.Wait()
		return nil, ctx.Err()
	}
	for _, s := range services {
		if err := prom.ask(ctx, s); err != nil {
			return nil, err
		}
	}
	endPods()
	wg.Wait()
	var all []observed
	for i, s := range services {
		if problems[i] != nil {
			return nil, fmt.Errorf("service %s: %w", s.job, problems[i])
		}
		all = append(all, observe(s))
	}
	fmt.Fprintf(os.Stderr, "incidents: the machine kept the program from running for %v of %v\n", watchdog.Starved(), time.Since(started))
	return all, nil
}
