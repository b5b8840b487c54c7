package entragoredis_test

import (
	"context"
	"crypto/tls"
	"log"
	"net"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/redis/go-redis/v9"
)

// A queue stands for a library that makes its own options.
type queue struct {
	Addr   string
	Dialer func(ctx context.Context, network, addr string) (net.Conn, error)
}

func ExampleNewDialer() {
	src := source()
	defer src.Close()

	const cache = "contoso.redis.cache.windows.net:6380"
	dialer, err := entragoredis.NewDialer(&redis.UniversalOptions{Addrs: []string{cache}, TLSConfig: &tls.Config{}}, src, nil)
	if err != nil {
		log.Fatal(err)
	}
	_ = queue{Addr: cache, Dialer: dialer}
}

func ExampleCredentials() {
	src := source()
	defer src.Close()

	client := redis.NewClient(&redis.Options{
		Addr: "contoso.redis.cache.windows.net:6380", TLSConfig: &tls.Config{},
		CredentialsProviderContext: entragoredis.Credentials(src),
	})
	defer client.Close()
}

func ExampleNewStreamingCredentials() {
	src := source()
	defer src.Close()

	credentials, err := entragoredis.NewStreamingCredentials(src)
	if err != nil {
		log.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{
		Addr: "contoso.redis.cache.windows.net:6380", TLSConfig: &tls.Config{},
		StreamingCredentialsProvider: credentials,
	})
	defer client.Close()
}
