package fleet

import (
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/bench/internal/virtual"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
)

var flags = virtual.Define()

func TestDay(t *testing.T) {
	r := &Result{Processes: 50, Conns: 10, Hours: 6}
	if flags.Wanted() {
		r.Processes, r.Hours = 1000, 4
	}
	if *flags.Whole {
		r.Hours = 24
	}
	always := func() time.Duration { return 75 * time.Minute }
	drawn := func() time.Duration { return time.Hour + rand.N(30*time.Minute) }
	for _, tt := range []struct {
		way, lives string
		process    process
		life       func() time.Duration
	}{
		{ours, "75 minutes", sourceAndDialer, always},
		{ours, "60 to 90 minutes, at random", sourceAndDialer, drawn},
		{naive, "75 minutes", threeQuarters, always},
		{naive, "60 to 90 minutes, at random", threeQuarters, drawn},
	} {
		synctest.Test(t, func(t *testing.T) {
			d := r.live(t, tt.process, func() (time.Duration, error) { return tt.life(), nil })
			d.Way, d.Lives = tt.way, tt.lives
			r.Days = append(r.Days, d)
			if d.Late > 0 || d.Lost > 0 {
				t.Errorf("%s: connections had the new token late %d times, %d were lost", tt.way, d.Late, d.Lost)
			}
			least := r.Processes * r.Hours * 60 / 90
			if sum(d.Requests) < least || sum(d.Auths) < least*r.Conns {
				t.Errorf("%s: %d requests, %d AUTHs: too few", tt.way, sum(d.Requests), sum(d.Auths))
			}
			if ask := since(d.Requests, 1).peak; (ask >= r.Processes) != (tt.way == naive && tt.lives == "75 minutes") {
				t.Errorf("%s: of %d processes %d asked in one minute", tt.way, r.Processes, ask)
			}
		})
	}
	flags.Keep(t, r)
}

// A process lives until its test ends.
type process func(t *testing.T, conns int, seen *counts, life func() (time.Duration, error))

// live lets a fleet live. All of it starts within one second.
func (r *Result) live(t *testing.T, start process, life func() (time.Duration, error)) Day {
	length := time.Duration(r.Hours) * time.Hour
	seen := newCounts(length)
	for range r.Processes {
		start(t, r.Conns, seen, life)
		time.Sleep(time.Second / time.Duration(r.Processes))
	}
	time.Sleep(length - time.Since(seen.began))
	return seen.day()
}

// sourceAndDialer is a process that uses this project.
func sourceAndDialer(t *testing.T, conns int, seen *counts, life func() (time.Duration, error)) {
	src, err := entra.NewSource(credential{seen, life}, &entra.Options{Username: "us"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	dialer := entraconn.NewDialer(src, nil)
	for range conns {
		c := dialer.Wrap(newConn(seen.holder().auth))
		t.Cleanup(func() { c.Close() })
		if _, err := c.Write([]byte("*1\r\n$4\r\nPING\r\n")); err != nil {
			t.Fatal(err)
		}
		answer := make([]byte, 100)
		if n, err := c.Read(answer); err != nil || !strings.HasPrefix(string(answer[:n]), "+PONG") {
			t.Fatal(string(answer[:n]), err)
		}
	}
}

// threeQuarters is a process that renews at a fixed fraction of the token's life, and sends what it got at once.
func threeQuarters(t *testing.T, conns int, seen *counts, life func() (time.Duration, error)) {
	var all []*holder
	for range conns {
		all = append(all, seen.holder())
	}
	cred := credential{seen, life}
	go func() {
		for t.Context().Err() == nil {
			expires, err := cred.next()
			pause := time.Until(expires) * 3 / 4
			if err != nil {
				pause = time.Minute
			} else {
				for _, h := range all {
					h.auth(expires)
				}
			}
			select {
			case <-time.After(pause):
			case <-t.Context().Done():
			}
		}
	}()
}
