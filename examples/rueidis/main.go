// Command rueidis reads and writes one key of an Azure cache with rueidis, logged in with Microsoft Entra ID.
//
//	go run ./examples/rueidis -addr contoso.redis.cache.windows.net:6380
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
	"github.com/entraredis/entraredis/adapters/entrarueidis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/redis/rueidis"
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

	opt := rueidis.ClientOption{InitAddress: []string{addr}, TLSConfig: &tls.Config{}}
	if err := entrarueidis.Configure(&opt, src, nil); err != nil {
		return err
	}
	client, err := rueidis.NewClient(opt)
	if err != nil {
		return err
	}
	defer client.Close()

	set := client.B().Set().Key("greeting").Value("hello from rueidis").Ex(time.Minute).Build()
	if err := client.Do(ctx, set).Error(); err != nil {
		return err
	}
	greeting, err := client.Do(ctx, client.B().Get().Key("greeting").Build()).ToString()
	if err != nil {
		return err
	}
	fmt.Println(greeting)
	return nil
}
