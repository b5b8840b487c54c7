package entraconn_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
)

// dialRefused is the dial of a wrong port.
func dialRefused(_ context.Context, network, _ string) (net.Conn, error) {
	return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
}

// dialSilent is the dial of a firewall that drops everything.
func dialSilent(ctx context.Context, network, _ string) (net.Conn, error) {
	<-ctx.Done()
	return nil, &net.OpError{Op: "dial", Net: network, Err: ctx.Err()}
}

// Clients hide why there is no connection, or show it to one of many callers. The log says it once
// for each outage.
func TestLogSaysOnceThatDialsFail(t *testing.T) {
	for name, tc := range map[string]struct {
		dial dialFunc
		says string
		soon time.Duration // when the log must say it
	}{
		"wrong port": {dialRefused, "connect: connection refused", 0},
		"firewall":   {dialSilent, "a dial has had no answer for 3 seconds", 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				log := &loggedText{}
				src, err := entra.NewSource(s.sts.Credential(), &entra.Options{Logger: slog.New(slog.NewTextHandler(log, nil))})
				if err != nil {
					t.Fatal(err)
				}
				defer src.Close()
				isAway := true
				dial := entraconn.NewDialer(src, &entraconn.Options{Library: "lib", Name: "pool"}).DialFunc(
					func(ctx context.Context, network, addr string) (net.Conn, error) {
						if isAway {
							return tc.dial(ctx, network, addr)
						}
						return s.network.DialContext(ctx, network, addr)
					})
				callers := func(d time.Duration) {
					var all sync.WaitGroup
					for end := time.Now().Add(d); time.Now().Before(end); {
						for range 20 {
							all.Go(func() {
								ctx, cancel := context.WithTimeout(s.t.Context(), 5*time.Second)
								defer cancel()
								if _, err := dial(ctx, "tcp", addr); err == nil {
									t.Error("a dial succeeded")
								}
							})
						}
						s.rest(max(time.Second, tc.soon))
						if lines := log.lines(); len(lines) == 0 {
							t.Fatalf("the log says nothing after %v", max(time.Second, tc.soon))
						}
					}
					all.Wait()
				}
				callers(10 * time.Minute)
				lines := log.lines()
				if len(lines) != 1 {
					t.Fatalf("%d lines for an outage, want 1: %q", len(lines), lines)
				}
				for _, part := range []string{"level=WARN", "library=lib", "pool=pool", "server=" + addr, tc.says, "remedy="} {
					if !strings.Contains(lines[0], part) {
						t.Errorf("%q is not in %s", part, lines[0])
					}
				}
				isAway = false
				if line, err := s.try(dial); line != "+PONG" {
					t.Fatal(line, err)
				}
				isAway = true
				callers(10 * time.Minute)
				if lines := log.lines(); len(lines) != 2 {
					t.Errorf("%d lines for two outages: %q", len(lines), lines)
				}
			})
		})
	}
}

// A client that is closed cancels its dials. That is no outage.
func TestCancelledDialIsNotLogged(t *testing.T) {
	inBubble(t, func(s *site) {
		log := &loggedText{}
		src, err := entra.NewSource(s.sts.Credential(), &entra.Options{Logger: slog.New(slog.NewTextHandler(log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		dial := entraconn.NewDialer(src, nil).DialFunc(dialSilent)
		ctx, cancel := context.WithCancel(s.t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := dial(ctx, "tcp", addr); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		s.rest(time.Minute)
		if lines := log.lines(); len(lines) > 0 {
			t.Errorf("the log says %q", lines)
		}
	})
}

// loggedText is what was logged.
type loggedText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *loggedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// lines returns the lines so far, after what is under way.
func (l *loggedText) lines() (all []string) {
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text.Len() == 0 {
		return nil
	}
	return strings.Split(strings.TrimSpace(l.text.String()), "\n")
}

// Clients whose connections are lost are told together that there is no server, as with a password.
// One that learns of it later begins later to dial again, and a client dials more often until it has
// counted as many failures as it has callers. When the server is back, the dials are spread.
func TestDialsAreNotSpreadWhileThereIsNoServer(t *testing.T) {
	inBubble(t, func(s *site) {
		const lost = 100
		isAway := false
		c := newCrowd(s)
		defer c.close()
		c.dial = entraconn.NewDialer(s.src, nil).DialFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
			if isAway {
				return dialRefused(ctx, network, addr)
			}
			c.mu.Lock()
			c.dials = append(c.dials, time.Now())
			c.mu.Unlock()
			return s.network.DialContext(ctx, network, addr)
		})
		c.grow(lost)
		s.rest(time.Second) // these dials have no part in what follows
		isAway = true
		s.gateway.DropAll()
		for _, member := range c.open {
			_, _ = member.line() // until it is lost
		}
		dialAll := func() time.Duration {
			began := time.Now()
			var dials sync.WaitGroup
			for _, member := range c.open {
				dials.Go(func() {
					member.Close()
					if conn, err := c.dial(s.t.Context(), "tcp", addr); err == nil {
						*member = client{t, conn, nil}
					}
				})
			}
			dials.Wait()
			return time.Since(began)
		}
		for range 5 {
			if took := dialAll(); took > 0 {
				t.Fatalf("%d dials learned within %v that there is no server", lost, took)
			}
			s.rest(100 * time.Millisecond)
		}
		isAway = false
		c.dials = nil
		if took := dialAll(); took < 900*time.Millisecond || took > time.Second {
			t.Errorf("all dials took %v", took)
		}
		if n := c.busiest(); n > mostAtOnce(lost) {
			t.Errorf("%d were dialed within 100 ms, want %d at most", n, mostAtOnce(lost))
		}
	})
}
