package adaptertest

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// A Harness tells the suite how to open and use a client library.
type Harness struct {
	Library string // as the adapter reports it to observers
	// Protocols lists the RESP versions that the library speaks: 2, 3 or both.
	Protocols []int
	// Open configures and opens a client. It may connect, and then fails if it cannot.
	Open func(ctx context.Context, cfg Config) (Client, error)
	// Dial opens one connection as the library gets it from the adapter. It is nil if the adapter
	// gives the library no dial function that a test can call.
	Dial func(ctx context.Context, cfg Config) (net.Conn, error)
	// Lacks names scenarios that the library cannot run, with the reason, which is printed and stands in the
	// feature matrix. "name, RESP2" is for one of its protocols only.
	Lacks map[string]string
}

// A Config is what a client is to be opened with.
type Config struct {
	Addr     string
	Source   *entra.Source
	Name     string // for the adapter's Options.Name
	Protocol int    // one of Harness.Protocols
	// TLS is for the adapter's own dial if Dial is nil. If both are nil, the connection is plain and on the
	// loopback interface.
	TLS *tls.Config
	// Dial, if set, is the user's own dial function. What it returns may be plain although its address is not
	// on this machine, so the adapter must be told to allow that.
	Dial          func(ctx context.Context, network, addr string) (net.Conn, error)
	SeparateLogin bool // for the adapter's Options.SeparateLogin
	// Timeout, if not 0, replaces every timeout that the library has for dials, reads and writes. Real time sets one
	// that no starved machine reaches.
	Timeout time.Duration
	// Conns is how many connections the client must be able to hold at once, and keep when they are idle, for
	// as long as they live.
	Conns int
	// OneByOne asks for a connection for each call, of a library that would else put the commands of many callers
	// on one.
	OneByOne bool
	// Caching asks for client-side caching, for [Cacher].
	Caching bool
	// Quiet asks the library to do as little as it can on unused connections: to send no PINGs, and
	// to look for invalidations at most every five seconds.
	Quiet bool
}

// A Client is one interface for all client libraries. All methods are called concurrently.
//
// Replies are string, int64, float64, nil, error or []any of these; a map is its keys and values in
// turn. A null reply is nil without an error.
type Client interface {
	Conn
	// Pipeline sends all commands at once and returns as many replies, errors of single commands among them.
	Pipeline(ctx context.Context, commands ...[]string) ([]any, error)
	// Transaction is the same between MULTI and EXEC, and returns EXEC's reply.
	Transaction(ctx context.Context, commands ...[]string) ([]any, error)
	// Swap replaces the value of key by change(value), with the library's API for WATCH, and
	// reports false if another client was faster. A missing key has the value "".
	Swap(ctx context.Context, key string, change func(old string) string) (bool, error)
	// Hold calls fn with a connection that no other caller uses until fn returns.
	Hold(ctx context.Context, fn func(Conn) error) error
	// Subscribe returns when name is subscribed, and calls fn with every message, in order, until Stop.
	Subscribe(ctx context.Context, kind Kind, name string, fn func(message string)) (Subscription, error)
	// Close closes the client, as a program does when it ends.
	Close() error
}

// A Conn sends single commands.
type Conn interface {
	Do(ctx context.Context, args ...string) (any, error)
	// Block is Do for a blocking command, which may wait for longer than the library waits for other replies. The
	// end of ctx ends the call, in a way that loses nothing of what the library can keep.
	Block(ctx context.Context, args ...string) (any, error)
}

// A Kind of subscription is the command that makes it.
type Kind string

// The kinds of subscriptions that Redis has.
const (
	Channel Kind = "SUBSCRIBE"
	Pattern Kind = "PSUBSCRIBE"
	Shard   Kind = "SSUBSCRIBE"
)

// A Subscription is a connection that is subscribed.
type Subscription struct {
	Stop func() error                    // unsubscribes, and gives the connection back to where the library has it from
	Ping func(ctx context.Context) error // sends PING on it; nil if the library has no way
	// Ended is closed when the library has told the program that the subscription has ended. It is nil if the
	// library subscribes again by itself.
	Ended <-chan struct{}
}

// A Cacher is a [Client] whose library does client-side caching.
type Cacher interface {
	// Cached returns the value of a key, from the cache if it is there.
	Cached(ctx context.Context, key string) (string, error)
}

// A Streamer is a [Client] whose library can hand on a reply while it is still arriving.
type Streamer interface {
	// Stream writes the string that is the command's reply to w, no faster than w takes it.
	Stream(ctx context.Context, w io.Writer, args ...string) error
}
