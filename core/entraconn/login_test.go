package entraconn_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
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
					t.Error("wrote before the client did")
				}
				c.do("PING", "+PONG")
				if wire.writes != tc.writes {
					t.Errorf("%d writes, want %d", wire.writes, tc.writes)
				}
			})
		})
	}
}

// Clients dial in advance (MinIdleConns) and leave the connection silent for longer than a token
// lives.
func TestSilentConnectionLogsInWithTheNewestToken(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.dialer(nil)()
		defer c.Close()
		s.rest(5 * time.Hour)
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

func TestFullServerReachesTheClient(t *testing.T) {
	inBubble(t, func(s *site) {
		s.gateway.Inject(entratest.WireFault{MaxClients: true, Count: 1})
		open := s.dialer(nil)
		c := open()
		if err := c.send("PING"); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if l, err := c.line(); l != "" || err == nil || !strings.HasPrefix(err.Error(), "ERR max number of clients reached; entra: ") {
				t.Errorf("read %q, %v", l, err)
			}
		}
		c.Close()
		began := time.Now()
		c = open()
		defer c.Close()
		c.do("PING", "+PONG")
		if d := time.Since(began); d > 0 {
			t.Errorf("waited %v although no login was refused", d)
		}
	})
}

// Without a token, a dial waits within bounds. Then it returns a connection whose errors say why.
func TestDialWaitsForATokenButNotForEver(t *testing.T) {
	inBubble(t, func(s *site) {
		dial := entraconn.NewDialer(s.src, nil).DialFunc(s.network.DialContext)
		dialAndWrite := func(patience time.Duration) (time.Duration, error) {
			ctx := s.t.Context()
			if patience > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, patience)
				defer cancel()
			}
			began := time.Now()
			c, err := dial(ctx, "tcp", addr)
			took := time.Since(began)
			if err != nil {
				t.Errorf("the dial itself failed: %v", err)
				return took, err
			}
			defer c.Close()
			_, err = c.Write(encode("PING"))
			return took, err
		}
		down := s.sts.Inject(entratest.Fault{Refuse: true})
		s.rest(3 * time.Hour)
		for patience, want := range map[time.Duration]time.Duration{0: time.Second, time.Second: time.Second / 2} {
			took, err := dialAndWrite(patience)
			if refresh := (*entra.RefreshError)(nil); took != want || !errors.As(err, &refresh) || refresh.Kind != entra.KindNetwork {
				t.Errorf("Entra is away: after %v: %v", took, err)
			}
		}
		unusable := s.sts.Inject(entratest.Fault{NoObjectID: true})
		down.Remove()
		s.rest(time.Minute)
		took, err := dialAndWrite(0)
		if refresh := (*entra.RefreshError)(nil); took != time.Second || !errors.As(err, &refresh) || refresh.Kind != entra.KindMalformed {
			t.Errorf("the token names no user: after %v: %v", took, err)
		}
		unusable.Remove()
		s.rest(5 * time.Minute)
		if _, err := dialAndWrite(0); err != nil {
			t.Errorf("after the outage: %v", err)
		}
		s.src.Close()
		if _, err := dialAndWrite(0); !errors.Is(err, entra.ErrClosed) {
			t.Errorf("from a closed source: %v", err)
		}
	})
}

// A wait for a token ends with the context of the dial and with Close.
func TestWaitForATokenEndsEarly(t *testing.T) {
	inBubble(t, func(s *site) {
		inner, err := s.network.DialContext(s.t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		s.sts.Inject(entratest.Fault{Hang: true})
		s.rest(3 * time.Hour)
		d := entraconn.NewDialer(s.src, nil)
		ctx, cancel := context.WithCancel(s.t.Context())
		time.AfterFunc(time.Second/2, cancel)
		began := time.Now()
		if _, err := d.DialFunc(s.network.DialContext)(ctx, "tcp", addr); !errors.Is(err, context.Canceled) || time.Since(began) != time.Second/2 {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		c := d.Wrap(inner)
		time.AfterFunc(time.Second/2, func() { c.Close() })
		began = time.Now()
		if _, err := c.Write(encode("PING")); !errors.Is(err, net.ErrClosed) || time.Since(began) != time.Second/2 {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		if _, err := c.Write(encode("PING")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("write after Close: %v", err)
		}
	})
}

func TestErrorOfTheDialIsTheHostsOwn(t *testing.T) {
	inBubble(t, func(s *site) {
		want := &net.OpError{Op: "dial", Net: "tcp", Err: io.ErrUnexpectedEOF}
		dial := entraconn.NewDialer(s.src, nil).DialFunc(func(context.Context, string, string) (net.Conn, error) { return nil, want })
		for range 3 { // the first one must give its permit back
			if _, err := dial(s.t.Context(), "tcp", addr); err != want {
				t.Errorf("got %v", err)
			}
		}
	})
}

// A login makes up for a loss however much later, and a second one for none.
func TestReconnectionsAreTold(t *testing.T) {
	for _, pause := range []time.Duration{time.Minute, time.Hour} {
		inBubble(t, func(s *site) {
			open := s.dialer(nil)
			c := open()
			c.do("PING", "+PONG")
			s.gateway.DropAll()
			if l, err := c.line(); err == nil {
				t.Errorf("read %q", l)
			}
			c.Close()
			s.rest(pause)
			c = open()
			c.do("PING", "+PONG")
			c.Close()
			c = open()
			c.do("PING", "+PONG")
			c.Close()
			if got := s.events.reconnections(); len(got) != 1 || got[0].After != pause {
				t.Errorf("%v after the loss: %+v", pause, got)
			}
			if r := s.events.reasons(); len(r) != 3 || r[0] != entra.CloseByServer || r[1] != entra.CloseByClient {
				t.Errorf("closed because of %s", r)
			}
		})
	}
}
