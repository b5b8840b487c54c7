package entraconn

import (
	"net"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"github.com/entraredis/entraredis/core/entra"

	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
)

// A Conn keeps the promises of net.Conn, deadlines above all. nettest sends bytes that are no RESP, so the session looks
// at nothing here.
func TestConnIsANetConn(t *testing.T) {
	for kind, dial := range map[string]func() (c1, c2 net.Conn, err error){"pipe": pipe, "tcp": loopback} {
		t.Run(kind, func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				if c1, c2, err = dial(); err != nil {
					return nil, nil, nil, err
				}
				a, b := looksAtNothing(c1), looksAtNothing(c2)
				return a, b, func() { a.Close(); b.Close() }, nil
			})
		})
	}
}

func pipe() (c1, c2 net.Conn, err error) {
	c1, c2 = net.Pipe()
	return c1, c2, nil
}

func loopback() (c1, c2 net.Conn, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	if c1, err = net.Dial("tcp", l.Addr().String()); err != nil {
		return nil, nil, err
	}
	c2, err = l.Accept()
	return c1, c2, err
}

// looksAtNothing returns a connection that has its login behind it and passes on whatever comes.
func looksAtNothing(inner net.Conn) net.Conn {
	c := &Conn{inner: inner, tame: tame(inner), server: &server{dialer: &Dialer{start: time.Now()}}}
	c.deadlines.init()
	c.session.Init()
	c.accepted.Store(&rotation.Credential{})
	c.written = &rotation.Credential{}
	c.signals.set(begun)
	c.session.Plan([]byte("PING\r\n"), nil, nil, environment{c}) // which is not RESP
	if _, _, err := c.session.Received([]byte("+PONG\r\n"), 0, environment{c}); err != nil {
		panic(err)
	}
	return &closesAlone{c}
}

// closesAlone closes without the report to a server, of which there is none.
type closesAlone struct{ *Conn }

func (c *closesAlone) Close() error {
	c.mu.Lock()
	c.closed, c.left = true, true
	c.lose(entra.CloseByClient, nil)
	c.wakeWriters()
	c.mu.Unlock()
	defer c.deadlines.closed()
	return c.inner.Close()
}
