package rotation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/gomodule/redigo/redis"

	"github.com/entraredis/entraredis/bench/internal/azure"
	"github.com/entraredis/entraredis/bench/internal/peers"
	"github.com/entraredis/entraredis/bench/internal/steps"
	"github.com/entraredis/entraredis/core/entratest"
)

// stepLife is how long the client is told that its first token lives: ours spreads the AUTHs over a third of it.
const stepLife = 8 * time.Second

// stepped measures a slice with at most one rotation, step by step: all connections log in with the first token, the
// second comes, the first expires. Each step waits for what the one before brings about, and the server's tokens expire
// when it is told to. It counts until something of every kind has been counted.
func stepped(ctx context.Context, server *azure.Azure, p peers.Peer, rotating bool) (*slice, error) {
	if err := errors.Join(server.SetLifetime(ctx, time.Hour), server.SetClock(ctx, 0)); err != nil {
		return nil, err
	}
	cred := steps.New(stepLife, func(ctx context.Context, _ time.Time) (string, error) {
		t, err := server.GetToken(ctx, policy.TokenRequestOptions{})
		return t.Token, err
	})
	pace := pace{
		timeout: hangs,
		warmUp:  func(l *load) error { return l.fill(ctx, server) },
		count: func(l *load) error {
			l.startCounting(1)
			defer l.counting.Store(false)
			if rotating {
				if err := rotate(ctx, server, cred, p.Name == peers.Ours); err != nil {
					return err
				}
			}
			err := await(ctx, "something of every kind is counted", func() (bool, error) {
				l.mu.Lock()
				defer l.mu.Unlock()
				return l.commands.Load() > 0 && l.pops.Load() > 0 && len(l.published) > 0, nil
			})
			l.counting.Store(false)
			if err != nil || p.Name != peers.Ours {
				return err
			}
			return await(ctx, "all messages have come", func() (bool, error) { return l.missing() == 0, nil })
		},
	}
	return pace.run(ctx, server, p, cred)
}

// rotate brings the second token to the client, and to all its connections if it renews them, and then has the first
// expire on those that still hold it. Their client dials anew.
func rotate(ctx context.Context, server *azure.Azure, cred *steps.Credential, renews bool) error {
	before, err := server.Stats(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(server.SetLifetime(ctx, 24*time.Hour), cred.Renew(ctx)); err != nil {
		return err
	}
	if renews {
		if err := awaitStats(ctx, server, "all connections are renewed", func(s entratest.GatewayStats) bool {
			return s.Auths-before.Auths >= before.Open
		}); err != nil {
			return err
		}
	}
	if err := server.SetClock(ctx, 2*time.Hour); err != nil {
		return err
	}
	return awaitStats(ctx, server, "as many connections are open as before", func(s entratest.GatewayStats) bool {
		return s.Open >= before.Open && (renews || s.Expired > before.Expired) && s.Logins-before.Logins >= s.Expired-before.Expired
	})
}

// fill opens all connections that the client may have, by as many calls of BLPOP that wait for each other.
func (l *load) fill(ctx context.Context, server *azure.Azure) error {
	const key = "fill"
	backend, err := redis.DialContext(ctx, "tcp", server.Backend)
	if err != nil {
		return err
	}
	defer backend.Close()
	popped := make(chan struct{}, conns)
	for range conns {
		l.working.Go(func() {
			for ctx.Err() == nil {
				if ok, err := l.client.Pop(ctx, key, time.Minute); ok && err == nil {
					popped <- struct{}{}
					return
				}
			}
		})
	}
	err = awaitStats(ctx, server, "the client's pool is full", func(s entratest.GatewayStats) bool {
		return s.Open >= conns+blocked+subscribers
	})
	for range conns {
		if _, pushErr := backend.Do("RPUSH", key, "x"); pushErr != nil {
			return errors.Join(err, pushErr)
		}
	}
	for range conns {
		select {
		case <-popped:
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
	return err
}

func awaitStats(ctx context.Context, server *azure.Azure, what string, ok func(entratest.GatewayStats) bool) error {
	var s entratest.GatewayStats
	err := await(ctx, what, func() (_ bool, err error) {
		s, err = server.Stats(ctx)
		return err == nil && ok(s), err
	})
	if err != nil {
		return fmt.Errorf("%w: %+v", err, s)
	}
	return nil
}

// hangs is how long to wait for what comes at once or not at all.
const hangs = 5 * time.Minute

// await looks until something is so.
func await(ctx context.Context, what string, ok func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, hangs)
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		if done, err := ok(); done || err != nil {
			return err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("still not so: %s: %w", what, ctx.Err())
		}
	}
}
