package clients_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/examples/clients"
	"github.com/entraredis/entraredis/internal/documents"
)

// longer is more than a token lives.
const longer = 100 * time.Minute

// Which connections go-redis renews that has no more than a callback is a table in docs/libraries.md.
func TestWhatGoRedisRenewsByItself(t *testing.T) {
	type use func(ctx context.Context, client *redis.Client) error
	subscription := func(ctx context.Context, client *redis.Client) error {
		sub := client.Subscribe(ctx, "news")
		defer sub.Close()
		if _, err := sub.Receive(ctx); err != nil {
			return err
		}
		time.Sleep(longer)
		return nil
	}
	uses := map[string]use{
		"commands every minute": func(ctx context.Context, client *redis.Client) error {
			return everyMinute(func() error { return client.Ping(ctx).Err() })
		},
		"a connection that is left idle": func(ctx context.Context, client *redis.Client) error {
			defer time.Sleep(longer)
			return client.Ping(ctx).Err()
		},
		"a subscription in RESP3": subscription,
		"a subscription in RESP2": subscription,
		"a blocking command": func(ctx context.Context, client *redis.Client) error {
			ctx, cancel := context.WithCancel(ctx)
			go client.BLPop(ctx, 0, "queue")
			time.Sleep(longer)
			cancel()
			return client.RPush(context.WithoutCancel(ctx), "queue", "element").Err() // it may be waiting still
		},
		"a connection of the caller's own": func(ctx context.Context, client *redis.Client) error {
			conn := client.Conn()
			defer conn.Close()
			return everyMinute(func() error { return conn.Ping(ctx).Err() })
		},
	}
	page, err := os.ReadFile("../../docs/libraries.md")
	if err != nil {
		t.Fatal(err)
	}
	for column, set := range map[string]func(*redis.Options, *entra.Source) error{
		"go-redis, `Credentials`": func(opt *redis.Options, src *entra.Source) error {
			opt.CredentialsProviderContext = entragoredis.Credentials(src)
			return nil
		},
		"go-redis, `StreamingCredentials`": func(opt *redis.Options, src *entra.Source) error {
			streaming, err := entragoredis.NewStreamingCredentials(src)
			opt.StreamingCredentialsProvider = streaming
			return err
		},
	} {
		listed := documents.Column(string(page), "## Only a callback", column)
		for row, use := range uses {
			if listed[row] == "panics in 9.23" {
				continue // streaming_test.go shows it
			}
			t.Run(column+"/"+row, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					sts := entratest.NewSTS(nil)
					at := newSite(t, sts.Credential(), "", entratest.GatewayOptions{STS: sts})
					opt := &redis.Options{Addr: addr, Dialer: at.network.DialContext, ConnMaxIdleTime: -1, Protocol: 3}
					if strings.HasSuffix(row, "RESP2") {
						opt.Protocol = 2
					}
					if err := set(opt, at.source); err != nil {
						t.Fatal(err)
					}
					client := redis.NewClient(opt)
					defer client.Close()
					err := use(t.Context(), client)
					stats := at.gateway.Stats()
					is := stats.Expired == 0
					if row == "commands every minute" {
						is = stats.Auths > stats.Logins // go-redis dials some anew meanwhile, and leaves them idle
					}
					renewed := map[bool]string{true: "yes", false: "no"}[is && err == nil]
					if renewed != listed[row] {
						t.Errorf("renewed: %s, docs/libraries.md says %q; %v, %+v", renewed, listed[row], err, stats)
					}
				})
			})
		}
	}
}

// everyMinute calls do every minute for longer than a token lives. A connection that ends is no error of the client's
// unless it gives up.
func everyMinute(do func() error) (err error) {
	for began := time.Now(); time.Since(began) < longer && err == nil; time.Sleep(time.Minute) {
		err = do()
	}
	return err
}

// Which connections rueidis renews that has no more than a callback is a table in docs/libraries.md.
func TestWhatRueidisRenewsByItself(t *testing.T) {
	subscription := func(ctx context.Context, client rueidis.Client) error {
		ctx, cancel := context.WithTimeout(ctx, longer)
		defer cancel()
		return client.Receive(ctx, client.B().Subscribe().Channel("news").Build(), func(rueidis.PubSubMessage) {})
	}
	page, err := os.ReadFile("../../docs/libraries.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := documents.Column(string(page), "## Only a callback", "rueidis, `RueidisCredentials`")
	for row, use := range map[string]func(ctx context.Context, client rueidis.Client) error{
		"commands every minute": func(ctx context.Context, client rueidis.Client) error {
			return everyMinute(func() error { return client.Do(ctx, client.B().Incr().Key("visits").Build()).Error() })
		},
		"a connection that is left idle": func(ctx context.Context, client rueidis.Client) error {
			defer time.Sleep(longer)
			return client.Do(ctx, client.B().Incr().Key("visits").Build()).Error()
		},
		"a subscription in RESP3": subscription,
		"a subscription in RESP2": subscription,
		"a blocking command": func(ctx context.Context, client rueidis.Client) error {
			ctx, cancel := context.WithTimeout(ctx, longer)
			defer cancel()
			return client.Do(ctx, client.B().Blpop().Key("queue").Timeout(0).Build()).Error()
		},
		"a connection of the caller's own": func(ctx context.Context, client rueidis.Client) error {
			own, release := client.Dedicate()
			defer release()
			return everyMinute(func() error { return own.Do(ctx, own.B().Incr().Key("visits").Build()).Error() })
		},
	} {
		t.Run(row, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sts := entratest.NewSTS(nil)
				at := newSite(t, sts.Credential(), "", entratest.GatewayOptions{STS: sts})
				client := newCallbackClient(t, at.network, at.source, strings.HasSuffix(row, "RESP2"))
				defer client.Close()
				err := use(t.Context(), client)
				stats := at.gateway.Stats()
				renewed := map[bool]string{true: "yes", false: "no"}[stats.Expired == 0 && (err == nil || errors.Is(err, context.DeadlineExceeded))]
				if renewed != listed[row] || renewed == "yes" && stats.Auths == stats.Logins {
					t.Errorf("renewed: %s, docs/libraries.md says %q; %v, %+v", renewed, listed[row], err, stats)
				}
			})
		})
	}
}

// newCallbackClient returns a client of a library that has an AuthCredentialsFn only.
func newCallbackClient(t *testing.T, network *entratest.Network, source *entra.Source, resp2 bool) rueidis.Client {
	t.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{addr}, ForceSingleClient: true, AlwaysRESP2: resp2, DisableCache: resp2, AuthCredentialsFn: clients.RueidisCredentials(source),
		DialCtxFn: func(ctx context.Context, addr string, _ *net.Dialer, _ *tls.Config) (net.Conn, error) {
			return network.DialContext(ctx, "tcp", addr)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}
