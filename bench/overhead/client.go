package overhead

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/entraredis/entraredis/bench/internal/redisserver"
)

// A client is a client library with one way to log in.
type client interface {
	// worker returns what one goroutine calls again and again: one call of the workload. It owns what it needs
	// until close.
	worker(ctx context.Context, w workload) (call func() error, err error)
	close() error
}

// A login is one of the two that are compared. name is of the channel that only it uses.
type login struct {
	name   string
	tokens bool
	hide   bool // hides the kind of connection from a client that logs in with a password: it sees only a net.Conn
}

// An opener makes a client. dial, if it is not nil, makes its connections, TLS included.
type opener struct {
	name string
	open func(s *redisserver.Server, l login, secure bool, dial dialFunc) (client, error)
	// looks says that the client checks a syscall.Conn before each command, which costs one more
	// system call.
	looks bool
}

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

func openers() []opener {
	return []opener{{"go-redis", openGoRedis, true}, {"rueidis", openRueidis, false}, {"redigo", openRedigo, false}}
}

// hidden shows nothing of a connection but net.Conn.
type hidden struct{ net.Conn }

// hiding dials as the clients do, and hides the kind of connection.
func hiding(ctx context.Context, network, addr string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return hidden{c}, nil
}

// dialing returns the dial function of a client: dial, or hiding, or nil for the client's own.
func (l login) dialing(secure bool, dial dialFunc) dialFunc {
	if l.hide && dial == nil && !secure {
		return hiding
	}
	return dial
}

// place returns where to connect to and how.
func place(s *redisserver.Server, secure bool) (addr string, config *tls.Config) {
	if secure {
		return s.TLSAddr, s.TLS
	}
	return s.Addr, nil
}
