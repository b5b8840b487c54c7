package entraconn

import (
	"net"
	"time"
)

// Options change how a [Dialer] works. The zero value, like a nil pointer, is right for every Redis server and
// every client library that reads its replies in order.
type Options struct {
	// Library names the client library to observers, for example "go-redis".
	Library string
	// Name names this client to observers, if a program has several.
	Name string
	// SeparateLogin makes a new connection wait for the answer to AUTH before the host's first command is
	// written, at the cost of one round trip. It is for a proxy that cannot take a command behind an unanswered
	// AUTH; Redis can.
	SeparateLogin bool
}

const (
	// tokenPatience bounds how long a dial or a first write waits for a token when there is none: go-redis and
	// rueidis allow 5 seconds for a dial.
	tokenPatience = 5 * time.Second
	// rejectedPatience is that for a credential that somebody has to mend: long enough for a failure that passes,
	// short enough for callers to learn the reason before they give up.
	rejectedPatience = time.Second
	// loginPatience bounds how long SeparateLogin waits for an answer.
	loginPatience = 5 * time.Second
)

// SeedHost returns a function for the NodeAddress options of the cluster adapters. It keeps the port of a node
// and replaces its host by the one of seed, host:port: Azure announces the nodes of a cluster under addresses that
// may be private, while all of them answer at the seed's host, each on a port of its own.
//
// An address without a port is returned as it is.
func SeedHost(seed string) func(addr string) string {
	host, _, err := net.SplitHostPort(seed)
	if err != nil {
		host = seed
	}
	return func(addr string) string {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			return addr
		}
		return net.JoinHostPort(host, port)
	}
}
