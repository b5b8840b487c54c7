package entraconn

import (
	"net"
	"time"
)

// A stubConn is the connection that a client gets instead of one to a server that has just refused its login. It only
// returns an error. A dial error would not do: clients count those, hide them behind timeouts, or retry them at once.
type stubConn struct {
	network, addr string
	err           error
}

func (c *stubConn) Read([]byte) (int, error)         { return 0, c.err }
func (c *stubConn) Write([]byte) (int, error)        { return 0, c.err }
func (c *stubConn) Close() error                     { return nil }
func (c *stubConn) LocalAddr() net.Addr              { return hostPort{c.network, ""} }
func (c *stubConn) RemoteAddr() net.Addr             { return hostPort{c.network, c.addr} }
func (c *stubConn) SetDeadline(time.Time) error      { return nil }
func (c *stubConn) SetReadDeadline(time.Time) error  { return nil }
func (c *stubConn) SetWriteDeadline(time.Time) error { return nil }

// hostPort is an address as it was dialed.
type hostPort struct{ network, addr string }

func (a hostPort) Network() string { return a.network }
func (a hostPort) String() string  { return a.addr }
