package entraconn_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

// counted counts the writes that reach the wire.
type counted struct {
	net.Conn
	writes int
}

func (c *counted) Write(p []byte) (int, error) {
	c.writes++
	return c.Conn.Write(p)
}

func TestLoginRidesInTheFirstWrite(t *testing.T) {
	for _, tc := range []struct {
		name   string
		opts   *entraconn.Options
		writes int
	}{
		{"together", nil, 1},
		{"separate", &entraconn.Options{SeparateLogin: true}, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				var wire *counted
				dial := entraconn.NewDialer(s.src, tc.opts).DialFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
					c, err := s.network.DialContext(ctx, network, addr)
					wire = &counted{Conn: c}
					return wire, err
				})
				c := s.client(dial)
				defer c.Close()
				if wire.writes != 0 {
					t.Error("wrote before the host did")
				}
				c.do("PING", "+PONG")
				if wire.writes != tc.writes {
					t.Errorf("%d writes, want %d", wire.writes, tc.writes)
				}
			})
		})
	}
}

// Hosts dial in advance (MinIdleConns) and leave the connection silent for longer than a token lives.
func TestSilentConnectionLogsInWithTheNewestToken(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.dialer(nil)()
		defer c.Close()
		time.Sleep(5 * time.Hour)
		c.do("PING", "+PONG")
		auths := s.gateway.Auths()
		claims, _ := s.sts.Verify(password(s.src))
		if len(auths) != 1 || auths[0].TokenID != claims.TokenID {
			t.Errorf("logged in with %+v, the newest token is %s", auths, claims.TokenID)
		}
	})
}

func password(src *entra.Source) string {
	tok, _ := src.Latest()
	_, p := tok.Credentials()
	return p
}

func TestRefusedLoginIsATypedErrorAndNoStorm(t *testing.T) {
	inBubble(t, func(s *site) {
		fault := s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS invalid username-password pair"})
		dial := entraconn.NewDialer(s.src, nil).DialFunc(s.network.DialContext)
		attempt := func() error {
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
					if refused := (*entra.AuthError)(nil); !errors.As(attempt(), &refused) || refused.Addr != addr {
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
		for began := time.Now(); attempt() != nil; time.Sleep(100 * time.Millisecond) {
			if time.Since(began) > 31*time.Second {
				t.Fatal("never tried again")
			}
		}
		synctest.Wait()
		s.events.paired(t)
	})
}

// A host that dials in advance must not hold up those that want to work.
func TestSilentConnectionsDoNotHoldUpOthers(t *testing.T) {
	inBubble(t, func(s *site) {
		open := s.dialer(nil)
		silent := open()
		defer silent.Close()
		began := time.Now()
		c := open()
		defer c.Close()
		if d := time.Since(began); d > time.Second {
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

func TestFullServerReachesTheHost(t *testing.T) {
	inBubble(t, func(s *site) {
		s.gateway.Inject(entratest.WireFault{MaxClients: true, Count: 1})
		open := s.dialer(nil)
		c := open()
		if err := c.send("PING"); err != nil {
			t.Fatal(err)
		}
		if l, err := c.line(); l != "-ERR max number of clients reached" || err != nil {
			t.Errorf("read %q, %v", l, err)
		}
		if l, err := c.line(); err == nil {
			t.Errorf("read %q after the end", l)
		}
		c.Close()
		began := time.Now()
		c = open()
		defer c.Close()
		c.do("PING", "+PONG")
		if d := time.Since(began); d > 0 {
			t.Errorf("waited %v although nobody was refused", d)
		}
	})
}

func TestDialWaitsForATokenButNotForEver(t *testing.T) {
	inBubble(t, func(s *site) {
		fault := s.sts.Inject(entratest.Fault{Refuse: true})
		time.Sleep(3 * time.Hour)
		dial := entraconn.NewDialer(s.src, nil).DialFunc(s.network.DialContext)
		began := time.Now()
		_, err := dial(s.t.Context(), "tcp", addr)
		refresh := (*entra.RefreshError)(nil)
		if d := time.Since(began); d != 5*time.Second || !errors.As(err, &refresh) {
			t.Errorf("after %v: %v", d, err)
		}
		ctx, cancel := context.WithTimeout(s.t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		_, err = dial(ctx, "tcp", addr)
		if d := time.Since(began); d != time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %v: %v", d, err)
		}
		fault.Remove()
		c, err := dial(s.t.Context(), "tcp", addr)
		if err != nil {
			t.Fatalf("after the outage: %v", err)
		}
		c.Close()
		s.src.Close()
		if _, err := dial(s.t.Context(), "tcp", addr); !errors.Is(err, entra.ErrClosed) {
			t.Errorf("from a closed source: %v", err)
		}
	})
}

func TestErrorOfTheDialIsTheHostsOwn(t *testing.T) {
	inBubble(t, func(s *site) {
		want := &net.OpError{Op: "dial", Net: "tcp", Err: io.ErrUnexpectedEOF}
		dial := entraconn.NewDialer(s.src, nil).DialFunc(func(context.Context, string, string) (net.Conn, error) { return nil, want })
		for range 3 { // the first one must let the next go ahead
			if _, err := dial(s.t.Context(), "tcp", addr); err != want {
				t.Errorf("got %v", err)
			}
		}
	})
}
