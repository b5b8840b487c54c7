package entraconn

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/admission"
	"github.com/entraredis/entraredis/core/entraconn/internal/advice"
	"github.com/entraredis/entraredis/core/entraconn/internal/dialing"
	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
	"github.com/entraredis/entraredis/core/entraconn/internal/tokenwait"
	"github.com/entraredis/entraredis/core/entraconn/internal/waiting"
	"github.com/entraredis/entraredis/internal/plaintext"
)

// Options change how a [Dialer] works. The zero value, like a nil pointer, is right for every Redis
// server and every client library that reads its replies in order.
type Options struct {
	// Library names the client library to observers, for example "go-redis", and Name this client, if
	// a program has several. Both may be empty.
	Library, Name string
	// SeparateCaches says that each address is a cache of its own, as the shards of a Ring are, and no
	// node of one: observers are told of as many pools. It is for adapters.
	SeparateCaches bool
	// SeparateLogin makes a new connection wait for the answer to AUTH before the client's first
	// command is written, at the cost of one round trip. It is for a proxy that cannot take a
	// command after an unanswered AUTH; Redis can. A login that the server has not answered after 5
	// seconds ends the connection, or after the client's write deadline if that is later.
	SeparateLogin bool
	// AllowPlaintext permits connections without TLS to other machines. An attacker who can read the
	// network can then use the token until it expires. Without it a connection must have a method
	// ConnectionState, as a *tls.Conn has, or both the address that was dialed and the peer must be
	// on this machine: a loopback address, localhost, no host or a unix socket.
	AllowPlaintext bool
}

// secured returns dialFn without the connections on which the token would cross a network in plain
// text: it closes them.
func (o *Options) secured(dialFn dialing.Func) dialing.Func {
	if o.AllowPlaintext {
		return dialFn
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		dialed, err := dialFn(ctx, network, addr)
		if err != nil || plaintext.IsSafe(dialed, network, addr) {
			return dialed, err
		}
		_ = dialed.Close() // nothing was sent on it
		return nil, plaintextError(addr)
	}
}

func plaintextError(addr string) *entra.ConfigError {
	return &entra.ConfigError{Field: "entraconn.Options.AllowPlaintext", Reason: "is not set, and the connection to " + addr + " has no TLS, so the token would cross the network in plain text; dial a *tls.Conn or something else with ConnectionState, or set it"}
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
	advice      *advice.Advice

	mu       sync.Mutex
	servers  map[string]*server
	poolAddr string // of the server that is made next
}

// NewDialer returns a Dialer that logs in with tokens of src. nil options stand for the defaults.
// It panics if src is nil; adapters say so in a better way.
func NewDialer(src *entra.Source, opts *Options) *Dialer {
	if src == nil {
		panic("entraconn: NewDialer with a nil *entra.Source")
	}
	d := &Dialer{
		src: src, obs: src.Observer(), opts: *cmp.Or(opts, &Options{}), startedAt: time.Now(),
		credentials: rotation.NewCredentials(src), servers: make(map[string]*server),
	}
	d.advice = advice.ForClient(src.Logger(), d.opts.Library, d.opts.Name)
	return d
}

// DialFunc returns a function for the dial hook of a client library. It dials with dial, which must
// return a connection with TLS already on it, if there is to be TLS, and gives back that
// connection, which will log in with the client's first write.
//
// The function makes sure that there is a token. If there is none it waits for one, for half of what
// ctx has left and for entra.Options.TokenWait at most: without that option 5 seconds, or a second if
// it is known why there is none, because the credential has failed or has been silent for 3 seconds,
// and else until that becomes known, or for a second more if it may pass.
//
// Two protections of the server may keep a connection waiting: dial spreading, while ten or more
// connections that were lost are not back and the server does not keep up with the handshakes, or for
// 100 ms while it serves no client, and the login gate, while it refuses logins or has yet to accept
// the first. Both together, in the dial and in the first write, take at most a second, or a quarter of
// the time that ctx has left besides the slowest handshake of the last ten and its login. Of several
// dials to a server that has accepted no login yet, one goes ahead. More follow as time passes, two for
// each connection that its client leaves silent for 10 ms, and all of them once a login is accepted. A
// dial that the gate refuses takes as long as the slowest handshake, at most a second or three quarters
// of the time that ctx had left.
//
// A server that has never accepted the token and refuses it gets a login after 0.5, 1, 2 and 4
// seconds, and then within every 5 seconds, from all Dialers of the Source together. One that has
// accepted it and refuses some logins gets 100 a second, half as many with each more that it refuses
// in a row, and probes after eight of them in a second or more.
//
// If there is no token, or the server refuses logins and the wait for the next one has ended, the
// function returns a connection that was not dialed. For a second it answers every call with the error
// that tells why: an *entra.RefreshError, entra.ErrClosed, or an *entra.AuthError, found by errors.As.
// Client libraries hide the error of a dial behind a timeout, count it, or dial again at once. Errors
// of a connection they pass on. A pool may keep such a connection for later: its first write after
// that second does by the same rules what the dial did, and dials if it may.
//
// The errors that the function itself returns are those of dial and of ctx, and an *entra.ConfigError
// where the token would cross a network in plain text, see Options.AllowPlaintext. It does not dial
// when ctx has ended. The log says once for each outage that dials fail, or have no answer for 3 seconds.
func (d *Dialer) DialFunc(dial func(ctx context.Context, network, addr string) (net.Conn, error)) func(ctx context.Context, network, addr string) (net.Conn, error) {
	dial = d.opts.secured(dial)
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		patience := waiting.Remaining(ctx)
		a, err := d.awaitAdmission(ctx, addr)
		switch {
		case err == nil:
			return a.connect(ctx, dial, network)
		case ctx.Err() != nil && errors.Is(err, ctx.Err()):
			return nil, err
		}
		return dialing.NewStub(network, addr, err, func(ctx context.Context) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			a, err := d.awaitAdmission(ctx, addr)
			if err != nil {
				return nil, err
			}
			return a.connect(ctx, dial, network)
		}), nil
	}
}

// An admittedDial is one that may begin.
type admittedDial struct {
	server *server
	permit *admission.Permit // nil if it needs none
	budget time.Duration     // what is left of it for the login
}

// awaitAdmission waits until there is a token and the server admits a dial.
func (d *Dialer) awaitAdmission(ctx context.Context, addr string) (a admittedDial, err error) {
	if err := tokenwait.Dial(ctx, d.src); err != nil {
		return a, err
	}
	a.server = d.serverAt(addr)
	a.budget = a.server.newWaitBudget(ctx)
	a.permit, err = a.server.admitDial(ctx, &a.budget)
	return a, err
}

// connect dials and returns the connection, which will log in.
func (a admittedDial) connect(ctx context.Context, dialFn dialing.Func, network string) (net.Conn, error) {
	s, began := a.server, time.Now()
	dialed, err := dialing.Do(ctx, dialFn, network, s.addr, s.dialFailed)
	if err != nil {
		s.release(a.permit)
		return nil, err
	}
	s.dialSucceeded(time.Since(began))
	return s.attach(ctx, dialed, a.permit, a.budget), nil
}

// DialContext dials addr with TLS 1.2 or later, and returns a connection that will log in with its
// first write. It is DialFunc of a [tls.Dialer] with its defaults, for client libraries that have
// no configuration of their own.
func (d *Dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return d.DialFunc((&tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12}}).DialContext)(ctx, network, addr)
}

// Wrap returns a connection that will log in on conn with its first write. conn must be fresh, and
// have TLS already on it if there is to be TLS. Closing the Conn closes conn. If conn leads to
// another machine without TLS, and Options.AllowPlaintext is not set, calls of the Conn return an
// *entra.ConfigError and nothing is written on conn.
func (d *Dialer) Wrap(conn net.Conn) *Conn {
	addr := ""
	if remote := conn.RemoteAddr(); remote != nil {
		addr = remote.String()
	}
	s := d.serverAt(addr)
	c := s.attach(context.Background(), conn, nil, s.newWaitBudget(context.Background()))
	if !d.opts.AllowPlaintext && !plaintext.HasTLS(conn) && !plaintext.StaysHere(conn.RemoteAddr()) {
		c.mu.Lock()
		c.failLocked(entra.CloseUnsupported, plaintextError(addr))
		c.mu.Unlock()
	}
	return c
}

// Format implements [fmt.Formatter]. Every verb gives the names in the Dialer's options.
func (d *Dialer) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "entraconn.Dialer{library: %s, name: %s}", d.opts.Library, d.opts.Name)
}

// serverAt returns what is known of a server. The Dialer keeps it for good: a client has few
// servers, and comes back to them.
func (d *Dialer) serverAt(addr string) *server {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.poolAddr == "" || d.opts.SeparateCaches {
		d.poolAddr = addr
	}
	if d.servers[addr] == nil {
		d.servers[addr] = newServer(d, addr, d.poolAddr)
	}
	return d.servers[addr]
}

// loggerFor returns the logger for lines about the server at addr.
func (d *Dialer) loggerFor(addr string) *slog.Logger {
	return d.src.Logger().With("library", d.opts.Library, "pool", d.opts.Name, "server", addr)
}

// SeedHost returns a function for the NodeAddress options of the cluster adapters, whose SeedHost
// options suffice for the host of the client's own addresses. It keeps the port of a node and replaces
// its host by the one of seed, host:port: Azure may announce private addresses, while all nodes answer
// at the seed's host, each on a port of its own.
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
