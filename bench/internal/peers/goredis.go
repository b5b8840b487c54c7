package peers

import (
	"context"
	"errors"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/auth"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entra"
)

type goRedis struct {
	*redis.Client
	after func() // what to end when the client has
}

// goRedisOptions are those that all ways share. go-redis would look up the server's name for maintenance
// notifications, which the gateway does not have.
func goRedisOptions(at Site) *redis.Options {
	return &redis.Options{
		Addr: at.Addr, PoolSize: at.Conns, Dialer: at.Dial,
		DialTimeout: at.Timeout, ReadTimeout: at.Timeout, WriteTimeout: at.Timeout, PoolTimeout: at.Timeout,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
}

func oursGoRedis(_ context.Context, at Site) (Client, error) {
	src, err := entra.NewSource(at.Credential, nil)
	if err != nil {
		return nil, err
	}
	opt := goRedisOptions(at)
	if err := entragoredis.Configure(opt, src, nil); err != nil {
		return nil, errors.Join(err, src.Close())
	}
	return &goRedis{redis.NewClient(opt), func() { _ = src.Close() }}, nil
}

// streamingGoRedis is go-redis's own way to change credentials: connections are marked when there is a newer token, and
// log in anew when they are next borrowed.
func streamingGoRedis(ctx context.Context, at Site) (Client, error) {
	p, err := newProvider(ctx, at.Credential)
	if err != nil {
		return nil, err
	}
	opt := goRedisOptions(at)
	opt.StreamingCredentialsProvider = streaming{p}
	return &goRedis{redis.NewClient(opt), p.close}, nil
}

type streaming struct{ *provider }

// Subscribe never tells of errors: go-redis would close every connection, those in use too, and the old token may
// still be good.
func (s streaming) Subscribe(l auth.CredentialsListener) (auth.Credentials, auth.UnsubscribeFunc, error) {
	t, stop := s.listen(l, func(t azcore.AccessToken) { l.OnNext(auth.NewBasicCredentials(user, t.Token)) })
	return auth.NewBasicCredentials(user, t.Token), func() error {
		stop()
		return nil
	}, nil
}

// dialGoRedis takes the newest token for each connection that is dialed, and leaves it to go-redis to dial again when
// the server has closed one.
func dialGoRedis(ctx context.Context, at Site) (Client, error) {
	p, err := newProvider(ctx, at.Credential)
	if err != nil {
		return nil, err
	}
	opt := goRedisOptions(at)
	opt.CredentialsProviderContext = func(context.Context) (string, string, error) {
		t, _ := p.current()
		return user, t.Token, nil
	}
	return &goRedis{redis.NewClient(opt), p.close}, nil
}

func (c *goRedis) Close() error {
	defer c.after()
	return c.Client.Close()
}

func (c *goRedis) Get(ctx context.Context, key string) error {
	if err := c.Client.Get(ctx, key).Err(); !errors.Is(err, redis.Nil) {
		return err
	}
	return nil
}

func (c *goRedis) Pop(ctx context.Context, key string, timeout time.Duration) (bool, error) {
	err := c.BLPop(ctx, timeout, key).Err()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	return err == nil, err
}

// Listen leaves it to go-redis to subscribe anew.
func (c *goRedis) Listen(ctx context.Context, channel string, ready func(), message func(string)) {
	sub := c.Subscribe(ctx, channel)
	defer context.AfterFunc(ctx, func() { _ = sub.Close() })()
	for ctx.Err() == nil {
		got, err := sub.Receive(ctx)
		switch got := got.(type) {
		case *redis.Subscription:
			if ready != nil {
				ready()
				ready = nil
			}
		case *redis.Message:
			message(got.Payload)
		}
		if err != nil {
			pause(ctx)
		}
	}
}

// pause keeps a loop over something that fails from spinning.
func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(100 * time.Millisecond):
	}
}

func (c *goRedis) Publish(ctx context.Context, channel, message string) error {
	return c.Client.Publish(ctx, channel, message).Err()
}
