// Command redigo reads and writes one key of an Azure cache with redigo, logged in with Microsoft Entra ID.
//
//	go run ./examples/redigo -addr contoso.redis.cache.windows.net:6380
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/entraredis/entraredis/adapters/entraredigo"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/gomodule/redigo/redis"
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

	pool := &redis.Pool{MaxIdle: 10}
	if err := entraredigo.Configure(pool, addr, src, nil); err != nil {
		return err
	}
	defer pool.Close()

	conn, err := pool.GetContext(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := redis.DoContext(conn, ctx, "SET", "greeting", "hello from redigo", "EX", 60); err != nil {
		return err
	}
	greeting, err := redis.String(redis.DoContext(conn, ctx, "GET", "greeting"))
	if err != nil {
		return err
	}
	fmt.Println(greeting)
	return nil
}
