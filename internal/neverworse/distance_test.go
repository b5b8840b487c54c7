package neverworse_test

import (
	"net"
	"time"
)

// A distantListener accepts connections from clients that are a latency away.
type distantListener struct{ net.Listener }

func (l distantListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return distantConn{conn}, nil
}

// A distantConn is the server's end of such a connection.
type distantConn struct{ net.Conn }

func (c distantConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		<-time.After(latency)
	}
	return n, err
}

// NetConn lets the gateway reset the connection.
func (c distantConn) NetConn() net.Conn { return c.Conn }

// CloseWrite lets the gateway end the connection in order.
func (c distantConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Conn.Close()
}
