package entratest

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"sync"
	"time"
)

// GatewayOptions say what stands behind a gateway and how it behaves. Nil and zero mean the defaults.
type GatewayOptions struct {
	// STS vouches for tokens. All of a process sign with one key, so nil, which stands for a new one, accepts
	// the tokens of any.
	STS *STS
	// Dialect is how the server speaks: as [Redis7] does, if zero.
	Dialect Dialect
	// Backend runs the commands: a new [NewMiniredis] if nil. Several gateways may share one.
	Backend Backend
	// TLS is the server's configuration; nil means no TLS.
	TLS *tls.Config
	// MaxClients is how many connections may be open at once; 0 means any number. One more gets the error that
	// Redis gives, and is closed.
	MaxClients int
	// StaticUsers are users that log in with a password instead of a token, by name: for clients that those with tokens
	// are compared with. They get Rights too, and their connections never expire. Faults strike their AUTHs as well.
	StaticUsers map[string]string
	// Verify, if set, judges user names and passwords in place of STS, for tokens that are not Entra's. ok says whether the
	// login is good, and until when the connection may stay after it; zero means for good. It is called by several
	// goroutines at once, and must not block.
	Verify func(user, password string) (until time.Time, ok bool)
	// Rights are the ACL rules that the backend is given for the user of a good token, as an access policy would: all
	// rights, "+@all", "~*" and "&*", if nil. Without "+eval" the gateway's own errors become NOPERM. Miniredis has no
	// ACL, and gives all. A redis-server before 6.2 has no rules about channels, those with "&", and gives all channels.
	Rights []string
}

// A Gateway is a Redis server that asks for Microsoft Entra tokens, as Azure's do: the user is the token's object
// id and the password the token; it takes no command before that; and it closes a connection when the token that
// last authenticated it expires. A backend runs the commands. Bytes pass as they are, in both directions.
//
// What it does to the stream is this. The first two arguments of AUTH, also in HELLO, are replaced by a user of the
// backend's that exists only for this token. So the backend itself decides when an AUTH takes effect: in order, at EXEC
// if it was queued, not at all below a RESP2 subscription. The gateway's own errors, such as that to a token that is no
// good, are replies of the backend's to an EVAL. At the token's expiry the gateway removes that user, and the backend ends every connection that
// is logged in as it, whatever that is doing. ACL WHOAMI and CLIENT LIST show the replaced name. Every other
// command is passed on byte for byte, except the inline form, which becomes an array, commands before the
// first good AUTH or after RESET, which are answered with -NOAUTH, and those that the server does not know in its
// [Dialect].
type Gateway struct {
	opts     GatewayOptions
	listener net.Listener
	faults   faults[WireFault]
	tokens   *admissions

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	work   sync.WaitGroup // the accepting goroutine and one for each connection

	mu       sync.Mutex
	closed   bool
	sessions map[*session]struct{}
	stats    GatewayStats
	auths    []Auth
}

// GatewayStats counts since the start, except Open.
type GatewayStats struct {
	Accepted int // connections, those refused by faults and MaxClients included
	Open     int // connections now
	Logins   int // good AUTHs on connections that were not logged in
	Auths    int // good AUTHs, Logins included
	Refused  int // AUTHs refused
	Expired  int // connections closed because their token had expired
	Commands int // commands read, AUTHs included
}

// An Auth is one AUTH or HELLO with AUTH as it arrived. Whether it was good is decided then; see [Gateway] for
// when it takes effect.
type Auth struct {
	At      time.Time
	Conn    int    // the number of the connection, counted from 1 as they were accepted
	User    string // the user name that was sent, "default" for an AUTH without one
	TokenID string // the token's uti, empty if it could not be read
	Err     string // the error reply; empty if it was good
}

// NewGateway serves the connections of l until Close, which closes l too.
func NewGateway(l net.Listener, opts *GatewayOptions) *Gateway {
	g := &Gateway{listener: l, sessions: map[*session]struct{}{}}
	if opts != nil {
		g.opts = *opts
	}
	g.opts.Dialect = g.opts.Dialect.complete()
	if g.opts.STS == nil {
		g.opts.STS = NewSTS(nil)
	}
	if g.opts.Backend == nil {
		g.opts.Backend = NewMiniredis()
	}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	g.tokens = newAdmissions(&g.opts, func(n int) {
		g.count(func(s *GatewayStats) { s.Expired += n })
	})
	g.work.Go(g.accept)
	return g
}

// Addr returns the listener's address, for clients to dial.
func (g *Gateway) Addr() string { return g.listener.Addr().String() }

// Close stops listening, resets every connection, removes what it made in the backend, and waits for its
// goroutines. The Backend stays. Calling it again does nothing.
func (g *Gateway) Close() error {
	g.mu.Lock()
	again := g.closed
	g.closed = true
	g.mu.Unlock()
	if again {
		return nil
	}
	g.cancel()
	err := g.listener.Close()
	g.DropAll()
	g.work.Wait()
	g.tokens.close()
	return err
}

// Stats returns the counters.
func (g *Gateway) Stats() GatewayStats {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.stats
	s.Open = len(g.sessions)
	return s
}

// Conns returns the numbers of the connections that are open, in order: those of [Auth].
func (g *Gateway) Conns() []int {
	g.mu.Lock()
	defer g.mu.Unlock()
	open := make([]int, 0, len(g.sessions))
	for s := range g.sessions {
		open = append(open, s.arrival.number)
	}
	slices.Sort(open)
	return open
}

// Auths returns every AUTH so far, in order of arrival.
func (g *Gateway) Auths() []Auth {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.auths)
}

// DropAll resets every open connection at once, as Azure does when access keys are disabled or a node is
// rebooted, and returns how many they were. New connections are accepted as before; a node that stays away for
// a while is DropAll after Inject(WireFault{RefuseConn: true}).
func (g *Gateway) DropAll() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := 0
	for s := range g.sessions {
		if s.kill() {
			n++
		}
	}
	return n
}

// Inject makes a fault strike from now on.
func (g *Gateway) Inject(f WireFault) *FaultHandle { return g.faults.inject(f, f.Count) }

func (g *Gateway) count(change func(*GatewayStats)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change(&g.stats)
}

func (g *Gateway) accept() {
	for {
		c, err := g.listener.Accept()
		if err != nil {
			return // the listener is closed; nothing else fails on loopback or in memory
		}
		at := g.arrive()
		if _, h := g.strike(at, func(f WireFault) bool { return f.RefuseConn }); h != nil {
			reset(c)
			continue
		}
		g.work.Go(func() { g.serve(c, at) })
	}
}

// arrive counts a connection that was accepted.
func (g *Gateway) arrive() arrival {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stats.Accepted++
	return newArrival(g.stats.Accepted, g.opts.Dialect.Proxies)
}

// strike returns the oldest fault of a kind that strikes a connection, having counted the hit. The handle is nil if
// there is none.
func (g *Gateway) strike(at arrival, kind func(WireFault) bool) (WireFault, *FaultHandle) {
	return g.faults.strike(func(f WireFault, h *FaultHandle) bool { return kind(f) && f.chooses(at, h) })
}

func (g *Gateway) serve(c net.Conn, at arrival) {
	if g.opts.TLS != nil {
		c = tls.Server(c, g.opts.TLS)
	}
	s := &session{gateway: g, arrival: at, client: c, killed: make(chan struct{})}
	full := g.register(s)
	defer g.unregister(s)
	if t, ok := c.(*tls.Conn); ok {
		if err := t.HandshakeContext(g.ctx); err != nil {
			reset(c)
			return
		}
	}
	if _, h := g.strike(at, func(f WireFault) bool { return f.MaxClients }); h != nil || full {
		s.turnAway("ERR max number of clients reached")
		return
	}
	s.run()
}

// register adds s, and reports whether there are more than may be.
func (g *Gateway) register(s *session) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sessions[s] = struct{}{}
	if g.closed { // accepted while Close was dropping the others
		s.kill()
	}
	return g.opts.MaxClients > 0 && len(g.sessions) > g.opts.MaxClients
}

func (g *Gateway) unregister(s *session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.sessions, s)
}
