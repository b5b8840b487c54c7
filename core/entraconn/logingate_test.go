package entraconn_test

import (
	"errors"
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
