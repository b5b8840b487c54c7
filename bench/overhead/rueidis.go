package overhead

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/redis/rueidis"

	"github.com/entraredis/entraredis/adapters/entrarueidis"
	"github.com/entraredis/entraredis/bench/internal/redisserver"
)

type rueidisClient struct {
	client rueidis.Client
	login  login
}

func openRueidis(s *redisserver.Server, l login, secure bool, dial dialFunc) (client, error) {
	addr, config := place(s, secure)
	opt := rueidis.ClientOption{InitAddress: []string{addr}, TLSConfig: config, DisableCache: true}
	if dial := l.dialing(secure, dial); dial != nil {
		opt.DialCtxFn = func(ctx context.Context, addr string, _ *net.Dialer, _ *tls.Config) (net.Conn, error) {
			return dial(ctx, "tcp", addr)
		}
	}
	if !l.tokens {
		opt.Username, opt.Password = redisserver.User, redisserver.Password
	} else if err := entrarueidis.Configure(&opt, s.Source, nil); err != nil {
		return nil, err
	}
	client, err := rueidis.NewClient(opt)
	return &rueidisClient{client, l}, err
}

func (h *rueidisClient) close() error {
	h.client.Close()
	return nil
}

func (h *rueidisClient) worker(ctx context.Context, w workload) (func() error, error) {
	c := h.client
	switch w.what {
	case get:
		return func() error { return c.Do(ctx, c.B().Get().Key(smallKey).Build()).Error() }, nil
	case pipeline:
		commands := make(rueidis.Commands, pipelined)
		return func() error {
			for i := range commands {
				commands[i] = c.B().Get().Key(smallKey).Build()
			}
			for _, r := range c.DoMulti(ctx, commands...) {
				if err := r.Error(); err != nil {
					return err
				}
			}
			return nil
		}, nil
	case large:
		value := strings.Repeat("x", big)
		return func() error {
			if err := c.Do(ctx, c.B().Set().Key(bigKey).Value(value).Build()).Error(); err != nil {
				return err
			}
			return c.Do(ctx, c.B().Get().Key(bigKey).Build()).Error()
		}, nil
	case hgetall:
		return func() error {
			_, err := c.Do(ctx, c.B().Hgetall().Key(hashKey).Build()).AsStrMap()
			return err
		}, nil
	case pubsub:
		return h.subscriber(ctx)
	}
	return nil, fmt.Errorf("no such workload: %s", w.name)
}

// subscriber receives on a connection of its own, whose end ends with the client.
func (h *rueidisClient) subscriber(ctx context.Context) (func() error, error) {
	c := h.client
	messages, failed := make(chan struct{}, published), make(chan error, 1)
	dedicated, cancel := c.Dedicate()
	ended := dedicated.SetPubSubHooks(rueidis.PubSubHooks{OnMessage: func(rueidis.PubSubMessage) { messages <- struct{}{} }})
	if err := dedicated.Do(ctx, dedicated.B().Subscribe().Channel(channel+h.login.name).Build()).Error(); err != nil {
		cancel()
		return nil, err
	}
	go func() {
		failed <- <-ended
		cancel()
	}()
	return func() error {
		eval := c.B().Eval().Script(publishScript).Numkeys(1).Key(channel + h.login.name).Arg(strconv.Itoa(published)).Build()
		if err := c.Do(ctx, eval).Error(); err != nil && !rueidis.IsRedisNil(err) {
			return err
		}
		for range published {
			select {
			case <-messages:
			case err := <-failed:
				return err
			}
		}
		return nil
	}, nil
}
