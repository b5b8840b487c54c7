package entratest

import (
	"context"
	"net"
)

// A Backend is a Redis server that runs the commands of a [Gateway]: [NewMiniredis], [StartRedis]
// or [RedisAt].
type Backend interface {
	attach(ctx context.Context) (upstream, error)
}

// An upstream is what one gateway does with its backend.
type upstream interface {
	// dial opens one client's connection, logged in as the backend's default user. What the backend cannot make of the
	// identity, it leaves.
	dial(ctx context.Context, as identity) (net.Conn, error)
	// allow makes a user with the rights that ACL rules give.
	allow(ctx context.Context, u user, rights []string) error
	// expel removes a user, and ends the connections that are logged in as it. It returns how many they were.
	expel(ctx context.Context, u user) (int, error)
	// close releases what attach acquired, and waits for it.
	close() error
}

// An identity is what a server says of itself and of a connection.
type identity struct {
	version       string // of the server; its own if empty
	simpleStrings bool   // in the answer to HELLO
	proxy         int    // each counts its connections from 1
}

// A user is a name and a password in the backend.
type user struct{ name, password string }
