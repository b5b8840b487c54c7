package entraredigo

import (
	"context"
	"net"
	"slices"
	"time"

	"github.com/entraredis/entraredis/adapters/internal/tlsonly"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/gomodule/redigo/redis"
)

// writeTimeout is rueidis's default: long enough for a server that is busy, or is sent much.
const writeTimeout = 10 * time.Second

// dial puts login and writeTimeout before options. If an option replaces the dial function, login is not called, and
// dial returns an error.
func dial(ctx context.Context, network, addr string, login tlsonly.DialFunc, options []redis.DialOption) (redis.Conn, error) {
	called := false
	first := redis.DialContextFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
		called = true
		return login(ctx, network, addr)
	})
	conn, err := redis.DialContext(ctx, network, addr, append([]redis.DialOption{first, redis.DialWriteTimeout(writeTimeout)}, options...)...)
	if called {
		return conn, err
	}
	if conn != nil {
		_ = conn.Close() // err says more
	}
	return nil, refused("redis.DialNetDial or redis.DialContextFunc replaces the adapter's connection; use Options.Dial instead")
}

// rehearse judges options by the first bytes that they make redigo write, because options cannot be
// read. It dials no server.
func rehearse(network, addr string, options []redis.DialOption) error {
	ours, theirs := net.Pipe()
	written := make(chan string, 1)
	go func() {
		first := make([]byte, len("*3\r\n$4\r\nAUTH"))
		n, _ := ours.Read(first)
		_ = ours.Close() // so that the writer does not wait for an answer
		written <- string(first[:n])
	}()
	pipe := redis.DialNetDial(func(string, string) (net.Conn, error) { return theirs, nil })
	if conn, err := redis.DialContext(context.Background(), network, addr, append(slices.Clone(options), pipe)...); err == nil {
		_ = conn.Close()
	}
	switch first := <-written; {
	case first != "" && first[0] == 0x16: // a TLS handshake record
		return refused("redis.DialUseTLS would put TLS above the login; use Options.TLSConfig instead")
	case len(first) > 4 && first[len(first)-4:] == "AUTH":
		return refused("redis.DialPassword logs in as well; remove it, and DialUsername")
	}
	return nil
}

func refused(reason string) error {
	return &entra.ConfigError{Field: "entraredigo.Options.DialOptions", Reason: reason}
}
