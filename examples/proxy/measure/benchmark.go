package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"time"
)

// A benchmark is what redis-benchmark is asked to run: 50 connections, each of which sends 16 commands at once.
type benchmark struct {
	addr string
	more []string // how to connect
}

// run sends requests of SET and as many of GET, and returns how long that took. It fails with the first error that a
// client gets.
func (b benchmark) run(ctx context.Context, requests int) (time.Duration, error) {
	hostname, port, err := net.SplitHostPort(b.addr)
	if err != nil {
		return 0, err
	}
	args := append([]string{"-h", hostname, "-p", port, "-c", "50", "-P", "16", "-t", "set,get", "-n", strconv.Itoa(requests), "--csv"}, b.more...)
	cmd := exec.CommandContext(ctx, "redis-benchmark", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err == nil && stderr.Len() > 0 {
		err = errors.New("it complains")
	}
	if err != nil {
		return 0, fmt.Errorf("redis-benchmark: %w\n%s%s", err, out, stderr.String())
	}
	rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err == nil && len(rows) != 3 {
		err = fmt.Errorf("%d lines", len(rows))
	}
	if err != nil {
		return 0, fmt.Errorf("redis-benchmark: %w, want a line of names and one for SET and for GET:\n%s", err, out)
	}
	var seconds float64
	for _, row := range rows[1:] {
		perSecond, err := strconv.ParseFloat(row[1], 64)
		if err != nil {
			return 0, fmt.Errorf("redis-benchmark: %w:\n%s", err, out)
		}
		seconds += float64(requests) / perSecond
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// rate returns the requests per second of runs that take that long together. A first, short one says how many requests
// that may be.
func (b benchmark) rate(ctx context.Context, length time.Duration) (perSecond float64, err error) {
	requests, last := 16_000, time.Duration(0)
	if last, err = b.run(ctx, requests); err != nil {
		return 0, err
	}
	var done, took time.Duration
	for total := 0; ; {
		remaining := length - took
		if remaining <= length/10 {
			return float64(2*total) / done.Seconds(), nil
		}
		requests = max(16_000, int(float64(requests)*remaining.Seconds()/last.Seconds()))
		began := time.Now()
		if last, err = b.run(ctx, requests); err != nil {
			return 0, err
		}
		took += time.Since(began)
		done += last
		total += requests
	}
}
