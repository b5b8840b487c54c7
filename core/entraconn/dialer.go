package entraconn

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
)

// Options change how a [Dialer] works. The zero value, like a nil pointer, is right for every Redis
// server and every client library that reads its replies in order.
type Options struct {
	// Library names the client library to observers, for example "go-redis".
	Library string
	// Name names this client to observers, if a program has several.
	Name string
	// SeparateLogin makes a new connection wait for the answer to AUTH before the client's first
	// command is written, at the cost of one round trip. It is for a proxy that cannot take a
	// command after an unanswered AUTH; Redis can.
	SeparateLogin bool
}

// A Dialer makes the connections of one client, and keeps each of them logged in with the newest
// token of its Source. It needs no Close: for each server address it starts a goroutine with the
// first connection and ends it with the last. Its methods are safe for concurrent use.
type Dialer struct {
	src       *entra.Source
	opts      Options
	obs       *entra.Observer
	startedAt time.Time     // connections keep times relative to it, which takes less memory
	ids       atomic.Uint32 // of the last connection

	credentials *rotation.Credentials

	mu      sync.Mutex
	servers map[string]*server
}

// NewDialer returns a Dialer that logs in with tokens of src. nil options stand for the defaults.
// It panics if src is nil; adapters say so in a better way.
func NewDialer(src *entra.Source, opts *Options) *Dialer {
	if src == nil {
		panic("entraconn: NewDialer with a nil *entra.Source")
	}
	d := &Dialer{
		src: src, obs: src.Observer(), startedAt: time.Now(),
		credentials: rotation.NewCredentials(src), servers: make(map[string]*server),
	}
	if opts != nil {
		d.opts = *opts
	}
	return d
}

// DialFunc returns a function for the dial hook of a client library. It dials with dial, which must
// return a connection with TLS already on it, if there is to be TLS, and gives back that
// connection, which will log in with the client's first write.
//
// The function makes sure that there is a token. If there is none it waits for one, for at most 5
// seconds, a second if the credential was rejected or its token unusable, and three quarters of
// what ctx has left.
//
// If there is still none, and for a while after the server has refused a login, it returns a
// connection that answers every call with the error that tells why and never touches the network:
// an *entra.RefreshError, entra.ErrClosed, or an *entra.AuthError, found by errors.As. Client
// libraries hide the error of a dial behind a timeout, count it, or dial again at once, thousands
// of times a second; errors of a connection they pass on. The errors that the function itself
// returns are those of dial and of ctx.
//
// When ten or more connections to a server were lost and are not back, dials to it are spread: each
// waits for its place in the second that follows, and no longer than half of what ctx has left.
func (d *Dialer) DialFunc(dial func(ctx context.Context, network, addr string) (net.Conn, error)) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if err := d.awaitToken(ctx); err != nil {
			if ctxErr := ctx.Err(); ctxErr != nil && errors.Is(err, ctxErr) {
				return nil, err
			}
			return &stubConn{network: network, addr: addr, err: err}, nil
		}
		s := d.serverAt(addr)
		permit, refusal := s.admit(ctx)
		if permit == nil && refusal == nil && s.awaitPlace(ctx) {
			permit, refusal = s.admit(ctx) // the server may refuse logins by now
		}
		if refusal != nil {
			return &stubConn{network: network, addr: addr, err: refusal}, nil
		}
		dialed, err := dial(ctx, network, addr)
		if err != nil {
			s.release(permit)
			return nil, err
		}
		return s.attach(ctx, dialed, permit), nil
	}
}

// DialContext dials addr with TLS 1.2 or later, and returns a connection that will log in with its
// first write. It is DialFunc of a [tls.Dialer] with its defaults, for client libraries that have
// no configuration of their own.
func (d *Dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	tlsDialer := &tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12}}
	return d.DialFunc(tlsDialer.DialContext)(ctx, network, addr)
}

// Wrap returns a connection that will log in on conn with its first write. conn must be fresh, and
// have TLS already on it if there is to be TLS. Closing the Conn closes conn.
func (d *Dialer) Wrap(conn net.Conn) *Conn {
	addr := ""
	if remote := conn.RemoteAddr(); remote != nil {
		addr = remote.String()
	}
	return d.serverAt(addr).attach(context.Background(), conn, nil)
}

// serverAt returns what is known of a server. The Dialer keeps it for good: a client has few
// servers, and comes back to them.
func (d *Dialer) serverAt(addr string) *server {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.servers[addr]
	if s == nil {
		s = newServer(d, addr)
		d.servers[addr] = s
	}
	return s
}

// awaitToken waits until there is a token, within the bounds that DialFunc names.
func (d *Dialer) awaitToken(ctx context.Context) error {
	if tok, _ := d.src.Latest(); !tok.IsZero() {
		return nil
	}
	patience := tokenPatience
	if failed, ok := errors.AsType[*entra.RefreshError](d.src.Status().Err); ok && (failed.Kind == entra.KindRejected || failed.Kind == entra.KindMalformed) {
		patience = rejectedPatience
	}
	if deadline, ok := ctx.Deadline(); ok {
		patience = min(patience, time.Until(deadline)*3/4)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := d.src.Token(ctx)
	return err
}

// SeedHost returns a function for the NodeAddress options of the cluster adapters. It keeps the
// port of a node and replaces its host by the one of seed, host:port: Azure announces the nodes of
// a cluster under addresses that may be private, while all of them answer at the seed's host, each
// on a port of its own.
//
// An address without a port is returned as it is.
func SeedHost(seed string) func(addr string) string {
	seedHost, _, err := net.SplitHostPort(seed)
	if err != nil {
		seedHost = seed
	}
	return func(addr string) string {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			return addr
		}
		return net.JoinHostPort(seedHost, port)
	}
}

// A stubConn is a connection that was never dialed and only returns an error. A client gets it
// instead of one to a server that has just refused its login. An error of the dial would not do:
// clients count those, report a timeout instead, or retry at once.
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
