// Package twin opens clients in pairs: one of a library as it is, which logs in with a static password, and one through
// this module's adapter, with the same options.
package twin

import (
	"context"
	"net"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// A Library is one of the three that have an adapter.
type Library struct {
	Name string
	Open func(at Site) (Client, error)
}

// Libraries returns all three.
func Libraries() []Library {
	return []Library{{"go-redis", openGoRedis}, {"rueidis", openRueidis}, {"redigo", openRedigo}}
}

// A Client is one as a service has it: with the library's defaults, as far as the Site does not say more.
type Client interface {
	// Call is one command that reads a key. It is no error that there is none.
	Call(ctx context.Context, key string) error
	// Fill returns when the client has dialed n connections without a call, or ctx has ended.
	Fill(ctx context.Context, n int)
	Close()
}

// A DialFunc is a program's own.
type DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// A Site is where and how a client is to log in.
type Site struct {
	Addr     string
	Source   *entra.Source // nil: with Username and Password
	Username string
	Password string

	Dial        DialFunc
	DialTimeout time.Duration
	Conns       int // that the client may have
	InAdvance   int // that it dials before the first call; 0 for none
	// Dialing is called when the client asks for a connection, and what it returns when it has got an answer.
	Dialing func() (end func())
}
