package entraconn

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// A Dialer makes the connections of one client, and keeps each of them logged in with the newest token of its
// Source. It needs no Close: it starts a goroutine with its first connection and ends it with its last.
// Its methods are safe for concurrent use.
type Dialer struct {
	src   *entra.Source
	opts  Options
	obs   *entra.Observer
	start time.Time // moments of connections are kept relative to it, because that takes less room

	mu       sync.Mutex
	conns    map[*Conn]struct{}
	numbered uint64      // credentials so far
	newest   *credential // of the Source
	proven   *credential // that the server accepted last
	gate     gate
	round    *round // the rotation under way, nil if none
	agenda   agenda
	awake    bool          // the goroutine runs
	nudge    chan struct{} // to it: the agenda has changed
	untold   []func()      // observer calls for it to make
	jobs     []*Conn       // for the workers
	workers  int
	losses   map[string][]ending // by server address, until a connection to there logs in again
}

// NewDialer returns a Dialer that logs in with tokens of src. nil options stand for the defaults.
func NewDialer(src *entra.Source, opts *Options) *Dialer {
	d := &Dialer{
		src:    src,
		obs:    src.Observer(),
		start:  time.Now(),
		conns:  make(map[*Conn]struct{}),
		nudge:  make(chan struct{}, 1),
		losses: make(map[string][]ending),
	}
	if opts != nil {
		d.opts = *opts
	}
	return d
}

// DialFunc returns a function for the dial hook of a client library. It dials with dial, which must return a
// connection with TLS already on it, if there is to be TLS, and gives back that connection, which will log in with
// the client's first write.
//
// The function makes sure that there is a token. If there is none it waits for one, for at most 5 seconds and
// never beyond ctx; its error then Is ctx.Err(), and As *entra.RefreshError says why there was none. After the
// server has refused a login it returns, until there is another token or a backoff of 1 to 30 seconds has passed,
// connections that answer every call with the *entra.AuthError of that refusal and never touch the network: a
// client library that redials at once would otherwise do so thousands of times a second.
func (d *Dialer) DialFunc(dial func(ctx context.Context, network, addr string) (net.Conn, error)) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if _, err := d.loginCredential(ctx, time.Time{}); err != nil {
			return nil, err
		}
		pass, refused := d.admit(ctx)
		if refused != nil {
			return &stillborn{network: network, addr: addr, err: refused}, nil
		}
		inner, err := dial(ctx, network, addr)
		if err != nil {
			d.release(pass)
			return nil, err
		}
		return d.attach(ctx, inner, addr, pass), nil
	}
}

// DialContext dials addr with TLS 1.2 or later, and returns a connection that will log in with its first write. It
// is DialFunc of a [tls.Dialer] with its defaults, for client libraries that have no configuration of their own.
func (d *Dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	dialer := &tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12}}
	return d.DialFunc(dialer.DialContext)(ctx, network, addr)
}

// Wrap returns a connection that will log in on conn with its first write. conn must be fresh, and have TLS
// already on it if there is to be TLS. Closing the Conn closes conn.
func (d *Dialer) Wrap(conn net.Conn) *Conn {
	addr := ""
	if remote := conn.RemoteAddr(); remote != nil {
		addr = remote.String()
	}
	return d.attach(context.Background(), conn, addr, nil)
}

func (d *Dialer) attach(ctx context.Context, inner net.Conn, addr string, pass *pass) *Conn {
	c := &Conn{
		inner:   inner,
		dialer:  d,
		addr:    addr,
		opened:  time.Since(d.start),
		renewal: renewal{pass: pass},
	}
	if d.opts.SeparateLogin {
		c.loggedIn = make(chan struct{})
	}
	c.deadlines.init()
	c.session.init()
	c.openCtx = context.WithoutCancel(d.obs.ConnOpened(ctx, entra.ConnOpenedInfo{Conn: c.info()}))
	d.mu.Lock()
	defer d.mu.Unlock()
	d.conns[c] = struct{}{}
	if !d.awake {
		d.awake = true
		go d.run()
	}
	return c
}

// loginCredential returns what a login that begins now should use. While there is no token it waits, until ctx
// ends, the deadline passes (if it is not zero) or 5 seconds are over.
func (d *Dialer) loginCredential(ctx context.Context, deadline time.Time) (*credential, error) {
	if cred := d.bestCredential(); cred != nil {
		return cred, nil
	}
	if patience := time.Now().Add(tokenPatience); deadline.IsZero() || deadline.After(patience) {
		deadline = patience
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	for {
		if _, err := d.src.Token(ctx); err != nil {
			return nil, err
		}
		if cred := d.bestCredential(); cred != nil {
			return cred, nil
		}
	}
}

// bestCredential returns the newest token's, unless the server has yet to accept it and there is an older one that
// it has accepted and that still lives: a token may be good and the server not know it yet. It returns nil if there
// is no valid token.
func (d *Dialer) bestCredential() *credential {
	tok, _ := d.src.Latest()
	if tok.IsZero() {
		return nil // or the Source is closed, and then nobody logs in any more
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.notice(tok)
	return d.choose(time.Now())
}

// choose is bestCredential with d.mu held.
func (d *Dialer) choose(now time.Time) *credential {
	if d.proven != nil && now.Before(d.proven.token.RenewBy()) {
		return d.proven
	}
	if d.newest != nil && now.Before(d.newest.token.ExpiresOn()) {
		return d.newest
	}
	return nil
}

// notice takes over a token of the Source, if it is new. d.mu is held.
func (d *Dialer) notice(tok entra.Token) {
	if tok.IsZero() || d.newest != nil && d.newest.token == tok {
		return
	}
	d.numbered++
	d.newest = newCredential(tok, d.numbered)
	d.beginRound()
}

// remove forgets a connection that the host has closed, and remembers its loss if the host did not want it.
func (d *Dialer) remove(c *Conn, end ending) {
	d.release(c.renewal.pass)
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.conns, c)
	if c.accepted.Load() != nil && end.reason != entra.CloseByClient {
		if lost := d.losses[c.addr]; len(lost) < maxLosses {
			d.losses[c.addr] = append(lost, end)
		}
	}
	d.leaveRound(c, leftClosed)
	d.wake()
}

// maxLosses bounds the losses remembered for one server, when nothing comes back.
const maxLosses = 1024

// wake makes the goroutine look at the agenda. d.mu is held.
func (d *Dialer) wake() {
	select {
	case d.nudge <- struct{}{}:
	default:
	}
}
