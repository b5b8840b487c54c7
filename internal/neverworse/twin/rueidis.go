package twin

import (
	"context"
	"crypto/tls"
	"net"
	"sync"

	"github.com/entraredis/entraredis/adapters/entrarueidis"
	"github.com/redis/rueidis"
)

type rueidisClient struct{ client rueidis.Client }

func openRueidis(at Site) (Client, error) {
	opt := rueidis.ClientOption{
		InitAddress: []string{at.Addr}, Dialer: net.Dialer{Timeout: at.DialTimeout}, BlockingPoolSize: at.Conns,
		// miniredis answers CLUSTER SLOTS, and would be taken for a cluster.
		ForceSingleClient: true,
		PipelineMultiplex: 2, // four connections, which is the default on four processors
		// The usual ones are a megabyte for each connection.
		ReadBufferEachConn: 4 << 10, WriteBufferEachConn: 4 << 10, RingScaleEachConn: 6,
		DialCtxFn: func(ctx context.Context, addr string, _ *net.Dialer, _ *tls.Config) (net.Conn, error) {
			return at.Dial(ctx, "tcp", addr)
		},
	}
	if at.Source == nil {
		opt.Username, opt.Password = at.Username, at.Password
	} else if err := entrarueidis.Configure(&opt, at.Source, &entrarueidis.Options{AllowPlaintext: true}); err != nil {
		return nil, err
	}
	dial := opt.DialCtxFn
	opt.DialCtxFn = func(ctx context.Context, addr string, d *net.Dialer, cfg *tls.Config) (net.Conn, error) {
		defer at.Dialing()()
		return dial(ctx, addr, d, cfg)
	}
	client, err := rueidis.NewClient(opt)
	if client == nil {
		return nil, err
	}
	return rueidisClient{client}, nil // with ForceSingleClient it is usable although it could not connect
}

func (c rueidisClient) Call(ctx context.Context, key string) error {
	err := c.client.Do(ctx, c.client.B().Get().Key(key).Build()).Error()
	if rueidis.IsRedisNil(err) {
		return nil
	}
	return err
}

// Fill holds connections for dedicated clients, which rueidis dials when it is asked for them. It does not end with ctx,
// because rueidis gives no way to.
func (c rueidisClient) Fill(_ context.Context, n int) {
	var dialed, held sync.WaitGroup
	dialed.Add(n)
	for range n {
		held.Go(func() {
			_, release := c.client.Dedicate()
			defer release()
			dialed.Done()
			dialed.Wait()
		})
	}
	held.Wait()
}

func (c rueidisClient) Close() { c.client.Close() }
