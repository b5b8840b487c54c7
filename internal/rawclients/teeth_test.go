package rawclients_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/entraredis/entraredis/internal/rawclients"
)

// A wrongConnector makes plain connections with a fault in what they read.
type wrongConnector struct {
	fault func(read int, p []byte) ([]byte, error) // changes what the n-th Read returns; nil: nothing is wrong
}

func (w *wrongConnector) AwaitTokens(time.Duration, int) {}

func (w *wrongConnector) Dialer(bool, time.Duration) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := rawclients.DialPlain(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if _, err := fmt.Fprintf(c, "*3\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n$3\r\nany\r\n", len(rawclients.User), rawclients.User); err != nil {
			return nil, err
		}
		if _, err := io.ReadFull(c, make([]byte, len("+OK\r\n"))); err != nil {
			return nil, err
		}
		return &wrongConn{Conn: c, fault: w.fault}, nil
	}
}

type wrongConn struct {
	net.Conn
	fault   func(read int, p []byte) ([]byte, error)
	reads   int
	pending []byte
}

func (c *wrongConn) Read(p []byte) (n int, err error) {
	if c.fault == nil {
		return c.Conn.Read(p)
	}
	if len(c.pending) == 0 {
		buf := make([]byte, 64<<10)
		if n, err = c.Conn.Read(buf); err != nil {
			return 0, err
		}
		c.reads++
		if c.pending, err = c.fault(c.reads, buf[:n]); err != nil {
			return 0, err
		}
	}
	n = copy(p, c.pending)
	c.pending = c.pending[n:]
	return n, nil
}

// teethPatience is short, because each fault is there in each play.
const teethPatience = time.Second / 2

// A comparison that finds nothing proves nothing unless it finds what is there.
func TestComparisonFinds(t *testing.T) {
	needServer(t)
	t.Parallel() // they wait more than they work
	for name, fault := range map[string]func(read int, p []byte) ([]byte, error){
		"an answer to AUTH that the client gets": func(read int, p []byte) ([]byte, error) {
			if read == 2 {
				p = append([]byte("+OK\r\n"), p...)
			}
			return p, nil
		},
		"a byte that is lost": func(read int, p []byte) ([]byte, error) {
			if read == 2 {
				p = p[:len(p)-1]
			}
			return p, nil
		},
		"two replies in the wrong order": func(_ int, p []byte) ([]byte, error) {
			return bytes.Replace(p, []byte("$1\r\nx\r\n$1\r\ny\r\n"), []byte("$1\r\ny\r\n$1\r\nx\r\n"), 1), nil
		},
		"a connection that ends": func(read int, p []byte) ([]byte, error) {
			if read == 2 {
				return nil, io.EOF
			}
			return p, nil
		},
		"a reply that stays away": func(read int, p []byte) ([]byte, error) {
			if read == 2 {
				return nil, nil
			}
			return p, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			pair := openPair(t, &wrongConnector{fault})
			script, err := rawclients.ParseScript("b SET s1 x\na GET s1 ; GET s1\na SET s2 y\nb ECHO b\na GET s1 ; GET s2\na ECHO a")
			if err != nil {
				t.Fatal(err)
			}
			d := unexplained(t.Context(), pair, script, teethPatience)
			if d == nil {
				t.Fatal("it was not found")
			}
			smallest := rawclients.Shrink(script, shrinkingTime, func(s *rawclients.Script) bool { return unexplained(t.Context(), pair, s, teethPatience) != nil })
			if len(smallest.Steps) > 3 {
				t.Errorf("shrunk to %d steps:\n%s", len(smallest.Steps), smallest)
			}
			t.Log(d)
		})
	}
}
