package adaptertest

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/entraredis/entraredis/core/entra"
)

// A Harness is how the suite meets a client library.
type Harness struct {
	Library string // as the adapter reports it to observers
	// Protocols lists the RESP versions that the library speaks: 2, 3 or both.
	Protocols []int
	// Open configures and opens a client. It may connect, and then fails if it cannot.
	Open func(ctx context.Context, cfg Config) (Client, error)
	// ShakesHands says that the library sends commands of its own on a new connection, and takes an error in
	// answer to them for an older server's: if the server closes the connection then, its caller gets no more
	// than EOF, with a password as well.
	ShakesHands bool
	// Lacks names scenarios that the library cannot run, with the reason, which is printed and stands in the
	// feature matrix.
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
	// Conns is how many connections the client must be able to hold at once, and keep when they are idle, for
	// as long as they live.
	Conns int
}

// A Client is what a program has of a client library, in neutral words. All methods are called concurrently.
//
// Replies are string, int64, nil, error or []any of these. A null reply is nil without an error.
type Client interface {
	Conn
	// Pipeline sends all commands at once and returns as many replies, errors of single commands among them.
	Pipeline(ctx context.Context, commands ...[]string) ([]any, error)
	// Transaction is the same between MULTI and EXEC, and returns EXEC's reply.
	Transaction(ctx context.Context, commands ...[]string) ([]any, error)
	// Swap sets key to what change makes of its value, in the library's way with WATCH, and reports false if
	// somebody else was faster. A key that is not there has the value "".
	Swap(ctx context.Context, key string, change func(old string) string) (bool, error)
	// Hold calls fn with a connection that nobody else uses until it returns.
	Hold(ctx context.Context, fn func(Conn) error) error
	// Subscribe returns when channel is subscribed, and calls fn with every message, in order, until stop.
	Subscribe(ctx context.Context, channel string, fn func(message string)) (stop func() error, err error)
	// Close closes the client, as a program does when it ends.
	Close() error
}

// A Conn sends single commands.
type Conn interface {
	Do(ctx context.Context, args ...string) (any, error)
}
