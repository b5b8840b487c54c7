package peers

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"time"

	"github.com/redis/rueidis"

	"github.com/entraredis/entraredis/adapters/entrarueidis"
	"github.com/entraredis/entraredis/core/entra"
)

type rueidisClient struct {
	rueidis.Client
	after func() // what to end when the client has
}

// rueidisOption is what all ways share: commands go over as many connections as a power of two below Conns.
func rueidisOption(at Site) rueidis.ClientOption {
	opt := rueidis.ClientOption{InitAddress: []string{at.Addr}, DisableCache: true, ForceSingleClient: true, BlockingPoolSize: at.Conns}
	opt.Dialer.KeepAlive = at.Ping
	for 2<<opt.PipelineMultiplex <= at.Conns && opt.PipelineMultiplex < 7 {
		opt.PipelineMultiplex++
	}
	if at.Dial != nil {
		opt.DialCtxFn = func(ctx context.Context, addr string, _ *net.Dialer, _ *tls.Config) (net.Conn, error) {
			return at.Dial(ctx, "tcp", addr)
		}
	}
	return opt
}

func openRueidis(opt rueidis.ClientOption, after func()) (Client, error) {
	client, err := rueidis.NewClient(opt)
	if err != nil {
		after()
		return nil, err
	}
	return &rueidisClient{client, after}, nil
}

func oursRueidis(_ context.Context, at Site) (Client, error) {
	src, err := entra.NewSource(at.Credential, nil)
	if err != nil {
		return nil, err
	}
	opt := rueidisOption(at)
	if err := entrarueidis.Configure(&opt, src, nil); err != nil {
		return nil, errors.Join(err, src.Close())
	}
	return openRueidis(opt, func() { _ = src.Close() })
}

// refreshRueidis is rueidis's own way: every connection asks for credentials again at a time of its
// own. That is put at random points after the provider's renewal, for otherwise all of them log in
// within the same millisecond.
func refreshRueidis(ctx context.Context, at Site) (Client, error) {
	p, err := newProvider(ctx, at.Credential)
	if err != nil {
		return nil, err
	}
	opt := rueidisOption(at)
	opt.AuthCredentialsFn = func(rueidis.AuthCredentialsContext) (rueidis.AuthCredentials, error) {
		t, renewAt := p.current()
		now := time.Now()
		after := renewAt
		if left := t.ExpiresOn.Sub(renewAt); left > 0 {
			after = renewAt.Add(time.Duration((0.1 + 0.6*rand.Float64()) * float64(left)))
		}
		if least := now.Add(t.ExpiresOn.Sub(now)/20 + 10*time.Millisecond); after.Before(least) {
			after = least // one in the past makes rueidis log in without a pause
		}
		return rueidis.AuthCredentials{Username: user, Password: t.Token, RefreshAfter: after}, nil
	}
	return openRueidis(opt, p.close)
}

// dialRueidis takes the newest token for each connection that is dialed, and leaves it to rueidis to dial again when the
// server has closed one.
func dialRueidis(ctx context.Context, at Site) (Client, error) {
	p, err := newProvider(ctx, at.Credential)
	if err != nil {
		return nil, err
	}
	opt := rueidisOption(at)
	opt.AuthCredentialsFn = func(rueidis.AuthCredentialsContext) (rueidis.AuthCredentials, error) {
		t, _ := p.current()
		return rueidis.AuthCredentials{Username: user, Password: t.Token}, nil
	}
	return openRueidis(opt, p.close)
}

func (c *rueidisClient) Close() error {
	c.Client.Close()
	c.after()
	return nil
}

func (c *rueidisClient) Get(ctx context.Context, key string) error {
	if err := c.Do(ctx, c.B().Get().Key(key).Build()).Error(); !rueidis.IsRedisNil(err) {
		return err
	}
	return nil
}

func (c *rueidisClient) Pop(ctx context.Context, key string, timeout time.Duration) (bool, error) {
	err := c.Do(ctx, c.B().Blpop().Key(key).Timeout(timeout.Seconds()).Build()).Error()
	if rueidis.IsRedisNil(err) {
		return false, nil
	}
	return err == nil, err
}

// Listen subscribes again when Receive has ended, as its documentation asks for.
func (c *rueidisClient) Listen(ctx context.Context, channel string, ready func(), message func(string)) {
	ctx = rueidis.WithOnSubscriptionHook(ctx, func(rueidis.PubSubSubscription) {
		if ready != nil {
			ready()
			ready = nil
		}
	})
	for ctx.Err() == nil {
		_ = c.Receive(ctx, c.B().Subscribe().Channel(channel).Build(), func(m rueidis.PubSubMessage) { message(m.Message) })
		pause(ctx)
	}
}

func (c *rueidisClient) Publish(ctx context.Context, channel, message string) error {
	return c.Do(ctx, c.B().Publish().Channel(channel).Message(message).Build()).Error()
}
