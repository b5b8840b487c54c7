package entraconn

import (
	"net"
	"time"
)

// A stillborn is the connection that a host gets instead of one to a server that has just refused its login. A
// dial error would not do: hosts count those, hide them behind timeouts, or retry them at once.
type stillborn struct {
	network, addr string
	err           error
}

func (s *stillborn) Read([]byte) (int, error)         { return 0, s.err }
func (s *stillborn) Write([]byte) (int, error)        { return 0, s.err }
func (s *stillborn) Close() error                     { return nil }
func (s *stillborn) LocalAddr() net.Addr              { return hostPort{s.network, ""} }
func (s *stillborn) RemoteAddr() net.Addr             { return hostPort{s.network, s.addr} }
func (s *stillborn) SetDeadline(time.Time) error      { return nil }
func (s *stillborn) SetReadDeadline(time.Time) error  { return nil }
func (s *stillborn) SetWriteDeadline(time.Time) error { return nil }

// hostPort is an address as it was dialed.
type hostPort struct{ network, addr string }

func (a hostPort) Network() string { return a.network }
func (a hostPort) String() string  { return a.addr }
