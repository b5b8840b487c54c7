package entraconn_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

func TestRefusedLoginIsATypedErrorAndNoStorm(t *testing.T) {
	inBubble(t, func(s *site) {
		fault := s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS invalid username-password pair"})
		dial := entraconn.NewDialer(s.src, nil).DialFunc(s.network.DialContext)
		dialAndPing := func() error {
			c, err := dial(s.t.Context(), "tcp", addr)
			if err != nil {
				return err
			}
			defer c.Close()
			if c.RemoteAddr().String() == "" {
				t.Error("a connection without a remote address")
			}
			if _, err = c.Write(encode("PING")); err != nil {
				return err
			}
			_, err = c.Read(make([]byte, 100))
			return err
		}
		var callers sync.WaitGroup
		end := time.Now().Add(10 * time.Second)
		for range 50 {
			callers.Go(func() {
				for time.Now().Before(end) {
					if refused := (*entra.AuthError)(nil); !errors.As(dialAndPing(), &refused) || refused.Addr != addr {
						t.Errorf("got %v", refused)
						return
					}
					time.Sleep(5 * time.Millisecond)
				}
			})
		}
		callers.Wait()
		if n := s.gateway.Stats().Accepted; n > 10 {
			t.Errorf("%d connections in 10 s", n)
		}
		fault.Remove()
		for began := time.Now(); dialAndPing() != nil; time.Sleep(100 * time.Millisecond) {
			if time.Since(began) > 5*time.Second {
				t.Fatal("not tried again within 5 s")
			}
		}
		synctest.Wait()
		s.events.paired(t)
	})
}

// A context that leaves no time to wait at the gate gets no errors faster than the server would give
// them.
func TestRefusalsTakeTimeWithShortContexts(t *testing.T) {
	inBubble(t, func(s *site) {
		s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS invalid username-password pair"})
		const handshake, timeout = 15 * time.Millisecond, 20 * time.Millisecond
		dial := entraconn.NewDialer(s.src, nil).DialFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
			time.Sleep(handshake)
			return s.network.DialContext(ctx, network, addr)
		})
		began, errorCount := time.Now(), 0
		for ; time.Since(began) < 10*time.Second && errorCount < 5000; errorCount++ {
			ctx, cancel := context.WithTimeout(s.t.Context(), timeout)
			conn, err := dial(ctx, "tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = conn.Write(encode("PING")); err == nil {
				_, err = conn.Read(make([]byte, 100))
			}
			if refused := (*entra.AuthError)(nil); !errors.As(err, &refused) || ctx.Err() != nil {
				t.Fatal(err, ctx.Err())
			}
			conn.Close()
			cancel()
		}
		if most := int(10 * time.Second / handshake * 12 / 10); errorCount > most {
			t.Errorf("%d errors in %v, want at most %d in 10 s", errorCount, time.Since(began), most)
		}
	})
}

// One refused login limits the logins with a credential that the server has accepted. Ten minutes
// later that is no reason any more to fail dials that cannot wait.
func TestOldRefusalFailsNoDial(t *testing.T) {
	inBubble(t, func(s *site) {
		dial := entraconn.NewDialer(s.src, nil).DialFunc(s.network.DialContext)
		if !s.logsIn(dial, addr) {
			t.Fatal("the first login was refused")
		}
		s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS invalid username-password pair", Count: 1})
		if s.logsIn(dial, addr) {
			t.Fatal("the second login was accepted")
		}
		time.Sleep(10 * time.Minute)
		var callers sync.WaitGroup
		for range 50 {
			callers.Go(func() {
				ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Millisecond)
				defer cancel()
				conn, err := dial(ctx, "tcp", addr)
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				if _, err = conn.Write(encode("PING")); err == nil {
					_, err = conn.Read(make([]byte, 100))
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
	})
}

// A client that dials in advance must not delay dials of clients that have commands to send.
func TestSilentConnectionsDoNotHoldUpOthers(t *testing.T) {
	inBubble(t, func(s *site) {
		open := s.dialer(nil)
		silent := open()
		defer silent.Close()
		began := time.Now()
		c := open()
		defer c.Close()
		if d := time.Since(began); d > 10*time.Millisecond {
			t.Errorf("waited %v", d)
		}
		c.do("PING", "+PONG")
		began = time.Now()
		for range 20 {
			c := open()
			defer c.Close()
			c.do("PING", "+PONG")
		}
		if d := time.Since(began); d > 0 {
			t.Errorf("20 dials after a good login took %v", d)
		}
	})
}

// Nodes learn of an access policy at different times. The refusal of one node closes no gate of the
// others.
func TestOneServersRefusalIsNotAnothers(t *testing.T) {
	inBubble(t, func(s *site) {
		l, err := s.network.Listen("127.0.0.5:6380")
		if err != nil {
			t.Fatal(err)
		}
		strict := entratest.NewGateway(l, &entratest.GatewayOptions{STS: s.sts})
		defer strict.Close()
		strict.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS not here"})
		dial := entraconn.NewDialer(s.src, nil).DialFunc(s.network.DialContext)
		dialAndPing := func(addr string) error {
			c, err := dial(s.t.Context(), "tcp", addr)
			if err != nil {
				return err
			}
			defer c.Close()
			if _, err := c.Write(encode("PING")); err != nil {
				return err
			}
			_, err = c.Read(make([]byte, 100))
			return err
		}
		for range 55 { // a little more than a second each
			if refused := (*entra.AuthError)(nil); !errors.As(dialAndPing("127.0.0.5:6380"), &refused) || refused.Addr != "127.0.0.5:6380" {
				t.Fatalf("the strict one: %v", refused)
			}
			if err := dialAndPing(addr); err != nil {
				t.Fatalf("the other one: %v", err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if n := strict.Stats().Accepted; n > 20 {
			t.Errorf("%d connections to the strict one in a minute", n)
		}
	})
}

// The probe after a refusal may be a connection that its client dialed in advance and leaves
// silent.
func TestSilentProbeDoesNotKeepTheGateShut(t *testing.T) {
	inBubble(t, func(s *site) {
		fault := s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS not yet"})
		dial := entraconn.NewDialer(s.src, nil).DialFunc(s.network.DialContext)
		works := func() bool {
			c := s.client(dial)
			defer c.Close()
			return c.send("PING") == nil && func() bool { _, err := c.line(); return err == nil }()
		}
		if works() {
			t.Fatal("was not refused")
		}
		fault.Remove()
		time.Sleep(2 * time.Second)
		silent := s.client(dial)
		defer silent.Close()
		for began := time.Now(); !works(); time.Sleep(100 * time.Millisecond) {
			if time.Since(began) > 5*time.Second {
				t.Fatal("a silent connection kept the others out")
			}
		}
	})
}

// After a refusal there is one probe at a time. Once the server has accepted a login, other dials
// wait for no silent connection.
func TestGateOpensWithTheFirstAcceptedLogin(t *testing.T) {
	inBubble(t, func(s *site) {
		fault := s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS not yet"})
		open := s.dialer(nil)
		refused := open()
		defer refused.Close()
		if err := refused.send("PING"); err != nil {
			t.Fatal(err)
		}
		if _, err := refused.line(); err == nil {
			t.Fatal("was not refused")
		}
		fault.Remove()
		time.Sleep(2 * time.Second) // longer than the first pause
		probe := open()
		defer probe.Close()
		probe.do("PING", "+PONG")
		silent := open()
		defer silent.Close()
		began := time.Now()
		for range 20 {
			c := open()
			defer c.Close()
			c.do("PING", "+PONG")
		}
		if d := time.Since(began); d > 0 {
			t.Errorf("20 dials after an accepted login took %v", d)
		}
	})
}

// closedGate dials a connection in advance, and another one whose login is refused. So the login
// gate is closed, and the first connection is silent.
func closedGate(s *site) (silent *client, dial dialFunc) {
	s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS no"})
	dial = entraconn.NewDialer(s.src, nil).DialFunc(s.network.DialContext)
	silent = s.client(dial)
	if _, err := s.try(dial); !errors.As(err, new(*entra.AuthError)) {
		s.t.Fatalf("got %v", err)
	}
	return silent, dial
}

// takeProbe uses the probe that is due next, so that none is due for half a second at least.
func takeProbe(s *site, dial dialFunc, at time.Duration) {
	s.rest(at)
	if _, err := s.try(dial); !errors.As(err, new(*entra.AuthError)) {
		s.t.Fatalf("got %v", err)
	}
}

// A connection that was silent when the gate closed asks for its permit in the first write. That
// waits, and sends nothing if there is none.
func TestFirstWriteWaitsForTheGate(t *testing.T) {
	inBubble(t, func(s *site) {
		silent, dial := closedGate(s)
		defer silent.Close()
		takeProbe(s, dial, 500*time.Millisecond)
		takeProbe(s, dial, time.Second) // the next one is in nearly 2 s
		refused := s.gateway.Stats().Refused
		began := time.Now()
		err := silent.send("PING")
		if took := time.Since(began); !errors.As(err, new(*entra.AuthError)) || took < 900*time.Millisecond || took > time.Second {
			t.Errorf("after %v: %v", took, err)
		}
		if _, err := silent.line(); !errors.As(err, new(*entra.AuthError)) || time.Since(began) > time.Second {
			t.Errorf("a read after that: %v", err)
		}
		if n := s.gateway.Stats().Refused; n != refused {
			t.Errorf("%d AUTHs were sent", n-refused)
		}
		if reasons := s.events.reasons(); reasons[len(reasons)-1] != entra.CloseAuthRejected {
			t.Errorf("ended with %v", reasons)
		}
	})
}

func TestFirstWriteIsTheProbeThatIsDue(t *testing.T) {
	inBubble(t, func(s *site) {
		silent, _ := closedGate(s)
		defer silent.Close()
		refused := s.gateway.Stats().Refused
		began := time.Now()
		if err := silent.send("PING"); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 450*time.Millisecond || took > 500*time.Millisecond {
			t.Errorf("wrote after %v", took)
		}
		if _, err := silent.line(); !errors.As(err, new(*entra.AuthError)) || s.gateway.Stats().Refused != refused+1 {
			t.Errorf("%v, %d AUTHs were sent", err, s.gateway.Stats().Refused-refused)
		}
	})
}

func TestFirstWriteWaitsAQuarterOfItsTime(t *testing.T) {
	inBubble(t, func(s *site) {
		silent, _ := closedGate(s)
		defer silent.Close()
		_ = silent.SetWriteDeadline(time.Now().Add(400 * time.Millisecond))
		began := time.Now()
		if err := silent.send("PING"); !errors.As(err, new(*entra.AuthError)) || time.Since(began) != 100*time.Millisecond {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

func TestCloseEndsTheWaitForTheGate(t *testing.T) {
	inBubble(t, func(s *site) {
		silent, _ := closedGate(s)
		time.AfterFunc(200*time.Millisecond, func() { silent.Close() })
		began := time.Now()
		if err := silent.send("PING"); !errors.Is(err, net.ErrClosed) || time.Since(began) != 200*time.Millisecond {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

// A dial whose context ends while it waits makes no connection.
func TestDialDoesNotBeginAfterItsContext(t *testing.T) {
	inBubble(t, func(s *site) {
		dials := 0
		dial := entraconn.NewDialer(s.src, nil).DialFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
			dials++
			<-ctx.Done()
			return nil, ctx.Err()
		})
		first, cancelFirst := context.WithCancel(s.t.Context())
		var all sync.WaitGroup
		all.Go(func() { _, _ = dial(first, "tcp", addr) })
		synctest.Wait()
		ctx, cancel := context.WithCancel(s.t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		_, err := dial(ctx, "tcp", addr)
		timeout := net.Error(nil)
		if !errors.Is(err, context.Canceled) || !errors.As(err, &timeout) || timeout.Timeout() || dials != 1 {
			t.Errorf("%d dials: %v", dials, err)
		}
		ctx, cancel = context.WithTimeout(s.t.Context(), 0)
		defer cancel()
		if _, err := dial(ctx, "tcp", addr); !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() || dials != 1 {
			t.Errorf("%d dials: %v", dials, err)
		}
		cancelFirst()
		all.Wait()
	})
}

// A server that refuses AUTHs of a rotation, after it has accepted the same token elsewhere, has not
// taken that back. New connections log in, a hundred a second, and more when they are accepted.
func TestRefusalInARotationIsMixedEvidence(t *testing.T) {
	inBubble(t, func(s *site) {
		open := s.dialer(nil)
		for range 3 {
			c := open()
			defer c.Close()
			c.do("PING", "+PONG")
		}
		auths := s.gateway.Stats().Auths
		s.nextToken()
		for s.gateway.Stats().Auths == auths { // the canary
			time.Sleep(10 * time.Millisecond)
		}
		fault := s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS not here", RotationOnly: true, Count: 1})
		if err := fault.Wait(s.t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		began := time.Now()
		for range 3 {
			silent := open()
			defer silent.Close()
		}
		// Two pauses of 10 ms, or one if an AUTH of the rotation is accepted between them.
		if took := time.Since(began); took > 20*time.Millisecond || took < 10*time.Millisecond {
			t.Errorf("three dials took %v, want 10 to 20 ms", took)
		}
		for range 20 {
			c := open()
			defer c.Close()
			c.do("PING", "+PONG")
		}
		if took := time.Since(began); took > 600*time.Millisecond {
			t.Errorf("all dials took %v", took)
		}
	})
}
