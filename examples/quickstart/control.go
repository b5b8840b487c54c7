package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// A control is what a service without renewal sees: a go-redis client that has a token for its password, logs in
// with it, and knows nothing of expiry.
type control struct {
	rdb *redis.Client

	mu     sync.Mutex
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
	return &control{rdb: redis.NewClient(&redis.Options{
		Addr:                     addr,
		TLSConfig:                config,
		Username:                 username,
		Password:                 password,
		PoolSize:                 1,
		MaxRetries:               -1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})}
}

// run sends a PING every 50 ms until ctx ends.
func (c *control) run(ctx context.Context) {
	defer closeQuietly(c.rdb)
	start := time.Now()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for alive := false; ; {
		err := c.rdb.Ping(ctx).Err()
		if ctx.Err() != nil {
			return
		}
		c.mu.Lock()
		if err == nil {
			c.report.commands++
		} else {
			c.report.failed++
			c.report.lastErr = err
			if alive {
				c.report.cut++
			}
			if alive && c.report.cut == 1 {
				c.report.after = time.Since(start)
			}
		}
		c.mu.Unlock()
		alive = err == nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
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
