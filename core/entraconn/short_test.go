package entraconn

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entratest"
)

// Over each kind of socket: a command that was not written is not counted, and the connection goes on.
func TestCommandsThatWereNotWrittenAreNotCounted(t *testing.T) {
	server, client, err := entratest.TLSConfigs("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	for name, dial := range map[string]func(near, far net.Conn) net.Conn{
		"TCP": func(near, _ net.Conn) net.Conn { return near },
		"TLS": func(near, far net.Conn) net.Conn {
			go tls.Server(far, server).Handshake()
			config := client.Clone()
			config.ServerName = "127.0.0.1"
			return tls.Client(near, config)
		},
	} {
		near, far := overTCP(t)
		socket := dial(near, far)
		if c, ok := socket.(*tls.Conn); ok {
			if err := c.Handshake(); err != nil {
				t.Fatal(err)
			}
		}
		c := loggedIn(t)
		c.inner.Conn = socket
		before := c.session.Mark()
		c.SetWriteDeadline(time.Unix(1, 0))
		n, err := c.Write(modelserver.Encode("GET k"))
		if n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) || c.session.Mark() != before {
			t.Errorf("%s: %d bytes, %v; counted %+v, before %+v", name, n, err, c.session.Mark(), before)
		}
	}
}

// overTCP returns the two ends of a connection.
func overTCP(t *testing.T) (near, far net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if near, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if far, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	return near, far
}
