// Command goredis reads and writes one key of an Azure cache with go-redis, logged in with Microsoft Entra ID.
//
//	go run ./examples/goredis -addr contoso.redis.cache.windows.net:6380
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/redis/go-redis/v9"
)

func main() {
	addr := flag.String("addr", os.Getenv("REDIS_ADDR"), "`host:port` of the cache; default: the environment variable REDIS_ADDR")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx, *addr); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, addr string) error {
	cred, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return err
	}
	src, err := entra.NewSource(cred, &entra.Options{Logger: slog.Default()})
	if err != nil {
		return err
	}
	defer src.Close()

	// A program that can get no token says so when it starts, and not with its first command.
	start, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := src.Token(start); err != nil {
		return err
	}

	opt := &redis.Options{Addr: addr, TLSConfig: &tls.Config{}}
	if err := entragoredis.Configure(opt, src, nil); err != nil {
		return err
	}
	rdb := redis.NewClient(opt)
	defer rdb.Close()

	if err := rdb.Set(ctx, "greeting", "hello from go-redis", time.Minute).Err(); err != nil {
		return err
	}
	greeting, err := rdb.Get(ctx, "greeting").Result()
	if err != nil {
		return err
	}
	fmt.Println(greeting)
	return nil
}
