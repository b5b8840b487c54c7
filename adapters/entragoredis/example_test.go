package entragoredis_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/redis/go-redis/v9"
)

func ExampleConfigure() {
	cache := startCache()
	defer cache.close()

	src, err := entra.NewSource(cache.cred, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer src.Close()
	if _, err := src.Token(context.Background()); err != nil { // fails here rather than with the first command
		log.Fatal(err)
	}

	opt := &redis.Options{Addr: cache.addr, TLSConfig: cache.tls}
	if err := entragoredis.Configure(opt, src, nil); err != nil {
		log.Fatal(err)
	}
	client := redis.NewClient(opt)
	defer client.Close()

	fmt.Println(client.Incr(context.Background(), "visits").Result())
	// Output: 1 <nil>
}

// What a command returns if there is no token, and if the cache refuses it. Package entra has an example of each error.
func ExampleConfigure_errors() {
	cache := startCache()
	defer cache.close()
	cache.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS invalid username-password pair"})

	src := source()
	defer src.Close()
	opt := &redis.Options{Addr: cache.addr, TLSConfig: cache.tls, DialTimeout: time.Minute}
	if err := entragoredis.Configure(opt, src, nil); err != nil {
		log.Fatal(err)
	}
	client := redis.NewClient(opt)
	defer client.Close()

	err := client.Incr(context.Background(), "visits").Err()
	var refresh *entra.RefreshError
	var refused *entra.AuthError
	switch {
	case errors.As(err, &refresh):
		fmt.Println("no token:", refresh.Kind)
	case errors.As(err, &refused):
		fmt.Println("refused:", refused.Code())
	}
	// Output: refused: WRONGPASS
}

// A cluster that announces its nodes by addresses which the program cannot reach, as Azure Managed Redis does
// outside of its network: all are dialed under the name of the cache, at the port that was announced.
func ExampleConfigureCluster() {
	cache := startCache()
	defer cache.close()
	src := source()
	defer src.Close()

	opt := &redis.ClusterOptions{Addrs: []string{cache.addr}, TLSConfig: cache.tls}
	opt.ClusterSlots = cache.slots // plays the cluster of this example; leave it out
	if err := entragoredis.ConfigureCluster(opt, src, &entragoredis.Options{SeedHost: true}); err != nil {
		log.Fatal(err)
	}
	client := redis.NewClusterClient(opt)
	defer client.Close()

	fmt.Println(client.Set(context.Background(), "greeting", "hello", time.Hour).Result())
	// Output: OK <nil>
}

// The shards of a Ring are caches of their own. One identity has access to all of them.
func ExampleConfigureRing() {
	caches := startCaches(2)
	west, north := caches[0], caches[1]
	defer west.close()
	defer north.close()
	src := source()
	defer src.Close()

	opt := &redis.RingOptions{Addrs: map[string]string{"west": west.addr, "north": north.addr}, TLSConfig: west.tls}
	if err := entragoredis.ConfigureRing(opt, src, nil); err != nil {
		log.Fatal(err)
	}
	ring := redis.NewRing(opt)
	defer ring.Close()

	fmt.Println(ring.Set(context.Background(), "greeting", "hello", time.Hour).Result())
	// Output: OK <nil>
}

func ExampleConfigureUniversal() {
	cache := startCache()
	defer cache.close()
	src := source()
	defer src.Close()

	opt := &redis.UniversalOptions{Addrs: []string{cache.addr}, TLSConfig: cache.tls}
	if err := entragoredis.ConfigureUniversal(opt, src, &entragoredis.Options{Name: "sessions"}); err != nil {
		log.Fatal(err)
	}
	client := redis.NewUniversalClient(opt)
	defer client.Close()

	fmt.Println(client.Set(context.Background(), "session", "1", time.Hour).Result())
	// Output: OK <nil>
}
