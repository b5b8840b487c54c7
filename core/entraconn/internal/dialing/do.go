// Package dialing calls the dial function of a client, and has connections that stand for a dial which
// was not made.
package dialing

import (
	"context"
	"errors"
	"net"
	"time"
)

// A Func opens a connection, as [net.Dialer.DialContext] does.
type Func = func(ctx context.Context, network, addr string) (net.Conn, error)

// longSilence is how long a dial may take until it counts as a failure. Many callers wait for 3
// seconds, and a dial for 5.
const longSilence = 3 * time.Second

var errSilent = errors.New("a dial has had no answer for 3 seconds")

// Do dials, unless ctx has ended. It calls report with an error that says something about the server:
// not with the end of a dial that the client has cancelled, and once more if the dial has had no
// answer for 3 seconds.
func Do(ctx context.Context, dialFn Func, network, addr string, report func(error)) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: HostPort{network, addr}, Err: err}
	}
	silentTimer := time.AfterFunc(longSilence, func() { report(errSilent) })
	defer silentTimer.Stop()
	conn, err := dialFn(ctx, network, addr)
	if err != nil && ctx.Err() != context.Canceled {
		report(err)
	}
	return conn, err
}

// FoundNoServer reports whether a dial failed because nothing listens there, or DNS does not know the
// host. One that has had no answer may have found a server that has too much to do.
func FoundNoServer(err error) bool {
	var opErr *net.OpError
	return errors.As(err, &opErr) && opErr.Op == "dial" && !opErr.Timeout() || errors.As(err, new(*net.DNSError))
}

// A HostPort is an address as it was dialed.
type HostPort struct{ Net, Text string }

// Network implements [net.Addr].
func (a HostPort) Network() string { return a.Net }

// String implements [net.Addr].
func (a HostPort) String() string { return a.Text }
