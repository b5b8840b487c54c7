// Package tokendial is what internal/libraries puts into a client library: the client's dial function calls [Dial]
// instead of opening a connection itself. The package is copied into a copy of the client, so it imports the standard
// library, azcore and the public packages of the core only.
//
// It is told what to do by the environment of the test process. Without tokens it only sends the client to the server
// that the tests mean. With tokens each connection to such a server is one of entraconn.
package tokendial

import (
	"context"
	"net"
	"sync"
)

// User is the Redis user that the tokens are for.
const User = "00000000-0000-0000-0000-0000000d1ff0"

// A DialFunc opens a connection, as [net.Dialer.DialContext] does.
type DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// fromEnvironment is a variable of the package because a client's dial function has no other place for it.
var fromEnvironment = sync.OnceValues(readEnvironment)

// Dial opens a connection as [Site.Dial] of the site that the environment describes. Errors of the environment say which
// variable is wrong.
func Dial(ctx context.Context, network, addr string, dial DialFunc) (net.Conn, error) {
	s, err := fromEnvironment()
	if err != nil {
		return nil, err
	}
	return s.Dial(ctx, network, addr, dial)
}

// DialWithoutContext is Dial for clients older than contexts.
func DialWithoutContext(network, addr string, dial func(network, addr string) (net.Conn, error)) (net.Conn, error) {
	return Dial(context.Background(), network, addr, func(_ context.Context, network, addr string) (net.Conn, error) {
		return dial(network, addr)
	})
}
