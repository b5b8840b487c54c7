package differential

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"testing"

	"github.com/entraredis/entraredis/core/entratest"
)

// A way leads from a client to the server.
type way struct {
	name string
	to   func(t *testing.T, server string) (addr string) // starts what stands in between
	dial dialFunc
}

// ways are those on which the server does not read a client's write at once: TLS cuts it into
// records, and networks into segments.
func ways(t *testing.T) []way {
	server, client, err := entratest.TLSConfigs()
	if err != nil {
		t.Fatal(err)
	}
	return []way{
		{"loopback", func(_ *testing.T, server string) string { return server }, plainDial},
		{"TLS", func(t *testing.T, to string) string { return proxy(t, to, server, 64<<10) }, (&tls.Dialer{Config: client}).DialContext},
		{"segments of 1,400 bytes", func(t *testing.T, to string) string { return proxy(t, to, nil, 1400) }, plainDial},
	}
}

// proxy listens, and forwards bytes in pieces of at most segment bytes, in both directions.
func proxy(t *testing.T, to string, config *tls.Config, segment int) (addr string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() { l.Close(); cancel(); work.Wait() })
	pass := func(from, to net.Conn) {
		defer from.Close()
		defer to.Close()
		buf := make([]byte, segment)
		for {
			n, err := from.Read(buf)
			if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
				return
			}
		}
	}
	work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if config != nil {
				c = tls.Server(c, config)
			}
			s, err := plainDial(ctx, "tcp", to)
			if err != nil {
				t.Error(err)
				c.Close()
				return
			}
			stop := context.AfterFunc(ctx, func() { c.Close(); s.Close() })
			work.Go(func() { defer stop(); pass(c, s) })
			work.Go(func() { pass(s, c) })
		}
	})
	return l.Addr().String()
}
