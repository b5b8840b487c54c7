package otelentra_test

import (
	"context"
	"flag"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/internal/newerfield"
)

var connections = flag.Int("connections", 6, "connections that a rotation is renewing when the client, the Source or the server ends")

// A service is a real client with a real Source, and what it reports.
type service struct {
	*telemetry
	sts     *entratest.STS
	gateway *entratest.Gateway
	src     *entra.Source
	client  *redis.Client
	log     *strings.Builder // of the Source, whole once that is closed
}

func newService(t *testing.T, opt redis.Options) *service {
	t.Helper()
	return newServiceWith(newTelemetry(t), opt)
}

func newServiceWith(t *telemetry, opt redis.Options) *service {
	t.Helper()
	s := &service{telemetry: t, sts: entratest.NewSTS(nil), log: &strings.Builder{}}
	network := entratest.NewNetwork()
	l, err := network.Listen("10.0.0.4:6380")
	if err != nil {
		t.Fatal(err)
	}
	s.gateway = entratest.NewGateway(l, &entratest.GatewayOptions{STS: s.sts})
	cred, err := s.sts.ClientSecretCredential()
	if err != nil {
		t.Fatal(err)
	}
	if s.src, err = entra.NewSource(cred, &entra.Options{
		Observer: s.given, Logger: slog.New(slog.NewTextHandler(s.log, nil)),
	}); err != nil {
		t.Fatal(err)
	}
	opt.Addr = s.gateway.Addr()
	opt.Dialer = entraconn.NewDialer(s.src, &entraconn.Options{Library: "go-redis", Name: "cache", AllowPlaintext: true}).
		DialFunc(func(ctx context.Context, n, addr string) (net.Conn, error) { return network.DialContext(ctx, n, addr) })
	s.client = redis.NewClient(&opt)
	return s
}

// close ends everything. A Source recovers from the panics of its observer, and logs the first.
func (s *service) close() {
	s.client.Close()
	s.src.Close()
	s.gateway.Close()
	synctest.Wait()
	if strings.Contains(s.log.String(), "panic") {
		s.Errorf("the observer panicked:\n%s", s.log)
	}
}

// fill opens n connections, which are idle in the pool afterwards.
func (s *service) fill(n int) {
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() { s.client.BLPop(s.Context(), time.Second, "x") })
	}
	wg.Wait()
}

// open returns how many spans of each name have not ended.
func (s *service) open() map[string]int {
	open := map[string]int{}
	for _, span := range s.spans.Started() {
		open[span.Name()]++
	}
	for _, span := range s.spans.Ended() {
		open[span.Name()]--
	}
	return open
}

// pending returns how many connections the rotation under way has yet to renew.
func (s *service) pending() int64 {
	s.Helper()
	synctest.Wait() // for the observer
	return s.metrics()["entraredis.rotation.pending"].Data.(metricdata.Sum[int64]).DataPoints[0].Value
}

// inState returns how many connections the gauge has in any of the states.
func (s *service) inState(states ...string) (n int64) {
	s.Helper()
	synctest.Wait() // for the observer
	for _, p := range s.metrics()["entraredis.connection.active"].Data.(metricdata.Sum[int64]).DataPoints {
		set := p.Attributes.ToSlice()
		for _, state := range states {
			if valueOf(set, "entraredis.connection.token_state") == state {
				n += p.Value
			}
		}
	}
	return n
}

func TestSpansEndWhateverEndsFirst(t *testing.T) {
	tests := []struct {
		name string
		end  func(s *service, stop func())
	}{
		{"the client", func(s *service, stop func()) { stop(); s.client.Close() }},
		{"the source", func(s *service, stop func()) { s.src.Close(); time.Sleep(3 * time.Hour); stop() }},
		{"the server", func(s *service, stop func()) { s.gateway.Close(); time.Sleep(2 * time.Hour); stop() }},
		{"every connection, and then no server answers", func(s *service, stop func()) {
			s.gateway.DropAll()
			s.gateway.Inject(entratest.WireFault{Delay: time.Hour})
			time.Sleep(2 * time.Minute)
			stop()
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				opt := redis.Options{PoolSize: *connections, MaxRetries: -1}
				newerfield.Set(&opt, "DialerRetries", 1)
				s := newService(t, opt)
				ctx, cancel := context.WithCancel(t.Context())
				var work sync.WaitGroup
				for range *connections {
					work.Go(func() {
						for ctx.Err() == nil {
							s.client.BLPop(ctx, time.Second, "x")
							select {
							case <-ctx.Done():
							case <-time.After(time.Minute):
							}
						}
					})
				}
				time.Sleep(3 * time.Second)
				_, newer := s.src.Latest()
				<-newer
				for renewal := time.Now(); s.pending() == 0 || s.pending() == int64(*connections); time.Sleep(100 * time.Millisecond) {
					if time.Since(renewal) > 10*time.Minute {
						t.Error("no rotation was seen with some of its connections renewed")
						break
					}
				}
				s.sts.Inject(entratest.Fault{Status: 503})
				test.end(s, func() { cancel(); work.Wait() })
				s.close()
				for name, n := range s.open() {
					if n != 0 {
						t.Errorf("%d spans %q never ended", n, name)
					}
				}
			})
		})
	}
}

func TestRotationOfAnIdlePoolThatTheServerHasClosedEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, redis.Options{PoolSize: 4})
		defer s.close()
		s.fill(4)
		_, newer := s.src.Latest()
		s.gateway.DropAll()
		<-newer
		time.Sleep(30 * time.Minute)
		if n := s.open()["rotate connections"]; n > 0 {
			t.Error("the rotation goes on though the server has no connection")
		}
		if n := s.inState("current", "stale", "at_risk", "expired"); n > 0 {
			t.Errorf("%d connections are counted though the server has none", n)
		}
	})
}

// A service works with one of its 20 pooled connections. The cache fails over once.
func TestAFailoverPutsNoIdleConnectionAtRisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, redis.Options{PoolSize: 20})
		defer s.close()
		s.fill(20)
		ctx, cancel := context.WithCancel(t.Context())
		var work sync.WaitGroup
		work.Go(func() {
			for ctx.Err() == nil {
				s.client.Ping(ctx)
				time.Sleep(10 * time.Second)
			}
		})
		time.Sleep(time.Minute)
		s.gateway.DropAll()
		for range 9 {
			time.Sleep(20 * time.Minute)
			if n := s.inState("at_risk", "expired"); n > 0 {
				t.Errorf("%d connections at risk", n)
			}
		}
		cancel()
		work.Wait()
	})
}

// The client loses its patience and closes the connection, but it is the server that did not answer.
func TestUnansweredLoginsHaveTimedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, redis.Options{PoolSize: 4, MaxRetries: -1})
		defer s.close()
		if err := s.client.Ping(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		s.gateway.DropAll()
		s.gateway.Inject(entratest.WireFault{Delay: time.Hour})
		for range 3 {
			s.client.Ping(t.Context())
		}
		synctest.Wait()
		if n := s.count("entraredis.connection.auth.duration", atGateway(anyFailure())); n < 1 {
			t.Errorf("%d logins have failed", n)
		}
		if !s.records {
			return
		}
		errorTypes := map[string]int{}
		for _, span := range s.named("AUTH") {
			errorTypes[valueOf(span.Attributes(), "error.type")]++
		}
		if errorTypes["timeout"] == 0 || errorTypes["closed"] > 0 {
			t.Errorf("the logins ended as %v", errorTypes)
		}
	})
}

func TestOnlyClosingAnUnansweredLoginIsATimeout(t *testing.T) {
	tests := []struct {
		name  string
		phase entra.AuthPhase
		took  time.Duration
		want  string
	}{
		{"a login", entra.AuthInitial, time.Second, "timeout"},
		{"a login that has just begun", entra.AuthInitial, 999 * time.Millisecond, "closed"},
		{"a renewal on a connection that the client needs no more", entra.AuthRotation, 10 * time.Second, "closed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tel := newTelemetry(t)
			tel.auth(t.Context(), conn(1), test.phase, life(time.Now()), test.took, net.ErrClosed)
			if n := tel.count("entraredis.connection.auth.duration", pool(anyFailure())); (n == 1) != (test.want == "timeout") {
				t.Errorf("%d have failed", n)
			}
			if tel.records {
				tel.has(tel.one("AUTH"), "error.type", test.want)
			}
		})
	}
}
