package main

import (
	"context"
	"crypto/tls"

	"github.com/entraredis/entraredis/core/entra"
)

// A client is what the load needs of a Redis client, so that all three do the same work.
type client interface {
	set(ctx context.Context, key, value string) error
	get(ctx context.Context, key string) (string, error)
	count(ctx context.Context, key string, n int) ([]int64, error) // INCR n times in one pipeline
	publish(ctx context.Context, channel, message string) error
	remove(ctx context.Context, keys ...string) error
	warm(ctx context.Context) error // opens every connection that the client will use
	// subscribe calls ready when the server has confirmed the subscription, and receive for each message, until ctx
	// ends: then it returns nil.
	subscribe(ctx context.Context, channel string, ready func(), receive func(string)) error
	close()
}

// server is where a client connects to.
type server struct {
	addr string
	tls  *tls.Config
	src  *entra.Source
}

// connections is the size of each client's pool. There are fewer workers than that, so some connections are busy
// and some idle when a token is renewed.
const connections = 8

// opening is one line of the table: the name that observers see, and how to make that client.
type opening struct {
	library string
	open    func(server) (client, error)
}

func openings() []opening {
	return []opening{
		{"go-redis", openGoRedis},
		{"rueidis", openRueidis},
		{"redigo", openRedigo},
	}
}
