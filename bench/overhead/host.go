package overhead

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/entraredis/entraredis/bench/internal/redisserver"
)

// A host is a client library with one way to log in.
type host interface {
	// worker returns what one goroutine calls again and again: one call of the workload. It owns what it needs
	// until close.
	worker(ctx context.Context, w workload) (call func() error, err error)
	close() error
}

// A login is one of the two that are compared. name is of the channel that only it uses.
type login struct {
	name   string
	tokens bool
	hide   bool // puts a connection of which only net.Conn can be seen below a host that logs in with a password
}

// An opener makes a host. dial, if it is not nil, makes its connections, TLS included.
type opener struct {
	name string
	open func(s *redisserver.Server, l login, secure bool, dial dialFunc) (host, error)
	// looks: where the host finds a syscall.Conn it does more, one system call per command for a check of health.
	looks bool
}

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

func openers() []opener {
	return []opener{{"go-redis", openGoRedis, true}, {"rueidis", openRueidis, false}, {"redigo", openRedigo, false}}
}

// hidden shows nothing of a connection but net.Conn.
type hidden struct{ net.Conn }

// hiding dials as the hosts do, and hides what the connection is.
func hiding(ctx context.Context, network, addr string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return hidden{c}, nil
}

// dialing returns what makes the connections of a host: dial, or what hides them, or nil for the host itself.
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
