package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/redis/go-redis/v9"
)

// A control is what a service without renewal sees: a go-redis client that has a token for its password, logs in
// with it, and knows nothing of expiry.
type control struct {
	rdb    *redis.Client
	opened time.Time

	mu     sync.Mutex
	alive  bool // the last PING was answered
	report controlReport
}

// A controlReport is the control's story so far.
type controlReport struct {
	commands int           // answered
	cut      int           // connections that worked and then were closed by the server
	after    time.Duration // from the login to the first cut
	failed   int           // commands that failed
	lastErr  error
}

func openControl(addr string, config *tls.Config, token entra.Token) *control {
	username, password := token.Credentials()
	return &control{opened: time.Now(), rdb: redis.NewClient(&redis.Options{
		Addr:       addr,
		TLSConfig:  config,
		Username:   username,
		Password:   password,
		PoolSize:   1,
		MaxRetries: -1,
	})}
}

// run sends a PING every 50 ms until ctx ends.
func (c *control) run(ctx context.Context) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		c.ping(context.WithoutCancel(ctx)) // a command under way at the end is not an error
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// finish sends a last PING after run has ended, so that the report holds whatever the server has done so far.
func (c *control) finish() controlReport {
	defer closeQuietly(c.rdb)
	c.ping(context.Background())
	return c.read()
}

func (c *control) ping(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	err := c.rdb.Ping(ctx).Err()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil:
		c.report.commands++
	default:
		c.report.failed++
		c.report.lastErr = err
		if c.alive {
			c.report.cut++
		}
		if c.alive && c.report.cut == 1 {
			c.report.after = time.Since(c.opened)
		}
	}
	c.alive = err == nil
}

func (c *control) read() controlReport {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.report
}

func (r controlReport) String() string {
	if r.cut == 0 && r.failed == 0 {
		return fmt.Sprintf("logged in once, never renews: %d commands", r.commands)
	}
	if r.cut == 0 {
		return fmt.Sprintf("could not log in: %v", r.lastErr)
	}
	return fmt.Sprintf("logged in once, never renews: cut off after %.1f s, %d commands failed since: %v",
		r.after.Seconds(), r.failed, r.lastErr)
}
