package entraconn_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

// A refusedFleet is several clients of one process that call one server, which refuses all logins
// until it is mended.
type refusedFleet struct {
	clients int

	mu       sync.Mutex
	logins   []time.Duration // since the beginning
	backLast time.Duration   // when the last client was served, since the mend
	refused  error           // what callers saw
}

const (
	fleetCallers = 50
	fleetMendsAt = 3 * time.Minute
)

func (f *refusedFleet) run(s *site) {
	const serverAddr = "127.0.0.8:6380"
	l, err := s.network.Listen(serverAddr)
	if err != nil {
		s.t.Fatal(err)
	}
	gateway := entratest.NewGateway(l, &entratest.GatewayOptions{STS: s.sts})
	defer gateway.Close()
	fault := gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS invalid username-password pair or user is disabled."})
	began := time.Now()
	time.AfterFunc(fleetMendsAt, func() {
		if health := s.src.Status().Health; health != entra.HealthRefused {
			s.t.Errorf("the Source is %v, want %v", health, entra.HealthRefused)
		}
		fault.Remove()
	})
	direct := func(ctx context.Context, network, addr string) (net.Conn, error) {
		s.rest(5 * time.Millisecond)
		f.mu.Lock()
		f.logins = append(f.logins, time.Since(began))
		f.mu.Unlock()
		return s.network.DialContext(ctx, network, addr)
	}
	var all sync.WaitGroup
	for n := range f.clients {
		dial := entraconn.NewDialer(s.src, &entraconn.Options{Name: fmt.Sprint("pool ", n)}).DialFunc(direct)
		for range fleetCallers {
			all.Go(func() {
				for {
					ctx, cancel := context.WithTimeout(s.t.Context(), 3*time.Second)
					conn, err := dial(ctx, "tcp", serverAddr)
					if err == nil {
						_, err = conn.Write(encode("PING"))
						var line string
						if err == nil {
							line, err = bufio.NewReader(conn).ReadString('\n')
						}
						if err == nil && line[0] == '-' {
							err = errors.New(line)
						}
						conn.Close()
					}
					cancel()
					f.mu.Lock()
					if err == nil {
						f.backLast = max(f.backLast, time.Since(began)-fleetMendsAt)
						f.mu.Unlock()
						return
					}
					f.refused = err
					f.mu.Unlock()
					s.rest(50 * time.Millisecond)
				}
			})
		}
	}
	all.Wait()
}

func (f *refusedFleet) loginsIn(minute int) (n int) {
	for _, at := range f.logins {
		if from := time.Duration(minute) * time.Minute; at >= from && at < from+time.Minute {
			n++
		}
	}
	return n
}

// A process may have many clients. Together they probe a server that refuses their token about as often
// as one of them does, and a mend reaches all of them.
func TestClientsOfOneSourceShareProbes(t *testing.T) {
	for _, clients := range []int{1, 5, 20} {
		t.Run(fmt.Sprint(clients), func(t *testing.T) {
			inBubble(t, func(s *site) {
				f := &refusedFleet{clients: clients}
				f.run(s)
				// Each client begins with a login of its own, and its first probe may come before it hears of others.
				for minute, most := range []int{17 + 2*clients, 15, 15} {
					if n := f.loginsIn(minute); n > most {
						t.Errorf("%d logins in minute %d, want %d at most", n, minute+1, most)
					}
				}
				if f.backLast > 5*time.Second {
					t.Errorf("back %v after the mend", f.backLast)
				}
				if !errors.As(f.refused, new(*entra.AuthError)) {
					t.Errorf("callers saw %v", f.refused)
				}
				t.Logf("logins a minute: %d, %d, %d; back after %v", f.loginsIn(0), f.loginsIn(1), f.loginsIn(2), f.backLast)
			})
		})
	}
}
