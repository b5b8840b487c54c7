package entratest

import (
	"context"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"syscall"
)

// A Network is a TCP-like network in memory. It has no sockets and every wait on it is one that
// testing/synctest knows, so clients and servers that meet on it can run in one bubble, where an hour passes in
// no time.
//
// Connections are buffered (64 KiB each way, then writers wait), keep deadlines as TCP's do, and fail as TCP's
// do: every error but io.EOF is a *net.OpError around the usual cause. Host names need no resolver: any name
// that is listened on exists. A Network is safe for concurrent use and needs no closing; closing its listeners
// and connections is enough.
type Network struct {
	dialFaults dialFaults

	mu        sync.Mutex
	listeners map[string]*listener // by name:port and by ip:port
	hosts     map[string]netip.Addr
	nextHost  netip.Addr
	nextPort  uint16 // of dialing ends
}

// NewNetwork returns an empty network.
func NewNetwork() *Network {
	return &Network{
		listeners: map[string]*listener{},
		hosts:     map[string]netip.Addr{},
		nextHost:  netip.MustParseAddr("10.0.0.4"), // Azure's first address in a subnet
		nextPort:  49152,                           // where ephemeral ports begin (RFC 6335)
	}
}

// Listen listens on a "host:port" of this network; port 0 takes a free one. The listener's Addr is the name that
// was given, so that it can be dialed, and be checked against a certificate; connections show IP addresses.
func (n *Network) Listen(addr string) (net.Listener, error) {
	fail := func(err error) (net.Listener, error) {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Addr: nameAddr(addr), Err: err}
	}
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return fail(err)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return fail(err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	ip := n.resolveLocked(host)
	for p := 20000; port == 0; p++ {
		if _, taken := n.listeners[netip.AddrPortFrom(ip, uint16(p)).String()]; !taken {
			port = uint64(p)
		}
	}
	l := &listener{
		network: n,
		name:    net.JoinHostPort(host, strconv.FormatUint(port, 10)),
		addr:    netip.AddrPortFrom(ip, uint16(port)),
		accept:  make(chan *conn, 128), // SOMAXCONN of old: what waits beyond that blocks its dialer
		closed:  make(chan struct{}),
	}
	if _, taken := n.listeners[l.addr.String()]; taken {
		return fail(os.NewSyscallError("bind", syscall.EADDRINUSE))
	}
	n.listeners[l.name] = l
	n.listeners[l.addr.String()] = l
	return l, nil
}

// resolveLocked gives each host name an address of its own. It needs Network.mu.
func (n *Network) resolveLocked(host string) netip.Addr {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip
	}
	ip, ok := n.hosts[host]
	if !ok {
		ip = n.nextHost
		n.nextHost = ip.Next()
		n.hosts[host] = ip
	}
	return ip
}

// Inject makes a fault strike dials from now on.
func (n *Network) Inject(f NetworkFault) *FaultHandle { return n.dialFaults.inject(f, f.Count) }

// DialContext connects to a listener of this network. It fits the dial hooks of net/http and of
// Redis clients. Where no listener is, the connection is refused. The network argument must be one
// of TCP's.
func (n *Network) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	fail := func(err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: nameAddr(addr), Err: err}
	}
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return fail(net.UnknownNetworkError(network))
	}
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	if err := n.dialFaults.endure(ctx, addr); err != nil {
		return fail(err)
	}
	n.mu.Lock()
	l := n.listeners[addr]
	port := n.nextPort
	if n.nextPort++; n.nextPort == 0 {
		n.nextPort = 49152
	}
	n.mu.Unlock()
	if l == nil {
		return fail(os.NewSyscallError("connect", syscall.ECONNREFUSED))
	}
	local := netip.AddrPortFrom(netip.MustParseAddr("10.0.1.4"), port)
	client, server := connPair(net.TCPAddrFromAddrPort(local), net.TCPAddrFromAddrPort(l.addr), socketBuffer, socketBuffer)
	err := l.enqueue(ctx, server)
	if err != nil {
		return fail(err)
	}
	return client, nil
}

// A listener hands over the server's ends of connections.
type listener struct {
	network *Network
	name    string
	addr    netip.AddrPort
	accept  chan *conn
	closed  chan struct{} // closed by Close

	mu   sync.Mutex
	done bool
}

func (l *listener) enqueue(ctx context.Context, server *conn) error {
	select {
	case l.accept <- server:
	case <-l.closed:
		return os.NewSyscallError("connect", syscall.ECONNREFUSED)
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-l.closed: // perhaps after Close emptied the queue: the connection would stay there for ever
		l.resetQueue()
	default:
	}
	return nil
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case <-l.closed:
		return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
	default:
	}
	select {
	case c := <-l.accept:
		return c, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
	}
}

// Close stops listening. Connections that wait to be accepted are reset, accepted ones stay.
func (l *listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done {
		return &net.OpError{Op: "close", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
	}
	l.done = true
	close(l.closed)
	l.network.mu.Lock()
	delete(l.network.listeners, l.name)
	delete(l.network.listeners, l.addr.String())
	l.network.mu.Unlock()
	l.resetQueue()
	return nil
}

func (l *listener) resetQueue() {
	for {
		select {
		case c := <-l.accept:
			reset(c)
		default:
			return
		}
	}
}

func (l *listener) Addr() net.Addr { return nameAddr(l.name) }

// nameAddr is a TCP address whose host need not be an IP address.
type nameAddr string

func (nameAddr) Network() string  { return "tcp" }
func (a nameAddr) String() string { return string(a) }

// reset closes a connection, or the TCP connection below its TLS, so that the peer sees a reset and not an
// orderly end, as when a node dies or a middlebox forgets it.
func reset(c net.Conn) {
	if t, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = t.NetConn()
	}
	if t, ok := c.(interface{ SetLinger(int) error }); ok {
		_ = t.SetLinger(0) // fails on a closed connection only
	}
	_ = c.Close() // a connection that cannot be closed is closed
}
