package entragoredis_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"log"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/redis/go-redis/v9"
)

func ExampleConfigure() {
	cred, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		log.Fatal(err)
	}
	src, err := entra.NewSource(cred, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer src.Close()

	opt := &redis.Options{Addr: "contoso.redis.cache.windows.net:6380", TLSConfig: &tls.Config{}}
	if err := entragoredis.Configure(opt, src, nil); err != nil {
		log.Fatal(err)
	}
	client := redis.NewClient(opt)
	defer client.Close()

	fmt.Println(client.Incr(context.Background(), "visits").Result())
}

// A cluster that announces its nodes by addresses which the program cannot reach, as Azure Managed Redis does
// outside of its network: all are dialed under the name of the cache, at the port that was announced.
func ExampleConfigureCluster() {
	src := source()
	defer src.Close()

	const cache = "contoso.westeurope.redis.azure.net:10000"
	opt := &redis.ClusterOptions{Addrs: []string{cache}, TLSConfig: &tls.Config{}}
	if err := entragoredis.ConfigureCluster(opt, src, &entragoredis.Options{NodeAddress: entraconn.SeedHost(cache)}); err != nil {
		log.Fatal(err)
	}
	client := redis.NewClusterClient(opt)
	defer client.Close()
}

func ExampleConfigureRing() {
	src := source()
	defer src.Close()

	opt := &redis.RingOptions{
		Addrs: map[string]string{
			"west":  "contoso-west.redis.cache.windows.net:6380",
			"north": "contoso-north.redis.cache.windows.net:6380",
		},
		TLSConfig: &tls.Config{},
	}
	if err := entragoredis.ConfigureRing(opt, src, nil); err != nil {
		log.Fatal(err)
	}
	ring := redis.NewRing(opt)
	defer ring.Close()
}

func ExampleConfigureUniversal() {
	src := source()
	defer src.Close()

	opt := &redis.UniversalOptions{Addrs: []string{"contoso.redis.cache.windows.net:6380"}, TLSConfig: &tls.Config{}}
	if err := entragoredis.ConfigureUniversal(opt, src, &entragoredis.Options{Name: "sessions"}); err != nil {
		log.Fatal(err)
	}
	client := redis.NewUniversalClient(opt)
	defer client.Close()
}

func source() *entra.Source {
	cred, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		log.Fatal(err)
	}
	src, err := entra.NewSource(cred, nil)
	if err != nil {
		log.Fatal(err)
	}
	return src
}
