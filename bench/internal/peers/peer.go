// Package peers has the ways to let a Redis client log in with Entra tokens: ours, and what one would write today with
// each client, done well.
package peers

import (
	"context"
	"net"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entratest"
)

// A Peer is one way.
type Peer struct {
	Library string // the client library
	Name    string // the way
	Open    func(ctx context.Context, at Site) (Client, error)
}

// Ours is the name of our way.
const Ours = "entraredis"

// All returns the ways of all three clients, ours first.
func All() []Peer {
	return []Peer{
		{"go-redis", Ours, oursGoRedis}, {"go-redis", "StreamingCredentialsProvider", streamingGoRedis}, {"go-redis", "token at dial", dialGoRedis},
		{"rueidis", Ours, oursRueidis}, {"rueidis", "RefreshAfter", refreshRueidis}, {"rueidis", "token at dial", dialRueidis},
		{"redigo", Ours, oursRedigo}, {"redigo", "MaxConnLifetime", lifetimeRedigo}, {"redigo", "token at dial", dialRedigo},
	}
}

// A Site is where a client works.
type Site struct {
	Addr       string
	Credential azcore.TokenCredential
	Conns      int // how many connections the client may open for commands
	// Ping is how often rueidis asks whether its connections are still good; 0 means its own second.
	Ping time.Duration
	// Timeout is how long go-redis waits for a connection, and for an answer; 0 means its own seconds.
	Timeout time.Duration
	// Dial makes connections; nil means that the client does itself.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// A Client is a client with a way to log in. What it returns is what the library returned.
type Client interface {
	Get(ctx context.Context, key string) error
	// Pop is BLPOP. It returns false if the timeout has passed.
	Pop(ctx context.Context, key string, timeout time.Duration) (popped bool, err error)
	// Listen subscribes and hands over messages until ctx ends. Where the library does not subscribe anew by itself
	// after a connection was lost, it does so, as programs do. ready is called when it has subscribed for the first
	// time.
	Listen(ctx context.Context, channel string, ready func(), message func(string))
	Publish(ctx context.Context, channel, message string) error
	Close() error
}

// user is whom the tokens are for.
const user = entratest.ObjectID
