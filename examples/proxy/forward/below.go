package forward

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"sync/atomic"
)

// A Dial connects to the cache. The connection that it returns logs in by itself, and Dial has called wrap
// with the one below it, which has TLS already.
type Dial func(ctx context.Context, wrap func(net.Conn) net.Conn) (net.Conn, error)

// A leave is the end of a connection that the Server has asked for. If the cache does what it was asked,
// the connection was not lost: the Server closes it as a client does.
type leave struct {
	answer string      // to what the Server sends last; fixed before asked
	asked  atomic.Bool // QUIT is on its way, or was sent
	ended  atomic.Bool // the cache has closed the connection since
}

// wrap returns conn, which reports a timeout instead of its end if that was asked for.
func (l *leave) wrap(conn net.Conn) net.Conn {
	below := belowConn{conn, l}
	if secured, ok := conn.(*tls.Conn); ok {
		return &belowTLS{below, secured}
	}
	return &below
}

type belowConn struct {
	net.Conn
	leave *leave
}

func (c *belowConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil && !isTimeout(err) && c.leave.asked.Load() {
		c.leave.ended.Store(true)
		err = os.ErrDeadlineExceeded
	}
	return n, err
}

// A belowTLS shows that it has TLS.
type belowTLS struct {
	belowConn
	secured *tls.Conn
}

func (c *belowTLS) ConnectionState() tls.ConnectionState { return c.secured.ConnectionState() }
