package entraredigo_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/entraredis/entraredis/adapters/entraredigo"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/gomodule/redigo/redis"
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

	pool := &redis.Pool{MaxIdle: 10, IdleTimeout: 5 * time.Minute}
	opts := &entraredigo.Options{TLSConfig: cache.tls} // for a cache in Azure nil will do
	if err := entraredigo.Configure(pool, cache.addr, src, opts); err != nil {
		log.Fatal(err)
	}
	defer pool.Close()

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // redigo has no other timeout for a reply
	defer cancel()
	conn, err := pool.GetContext(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Println(redis.Int(redis.DoContext(conn, ctx, "INCR", "visits")))
	// Output: 1 <nil>
}

// What a command returns if there is no token, and if the cache refuses it. Package entra has an example of each error.
func ExampleConfigure_errors() {
	cache := startCache()
	defer cache.close()
	cache.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS invalid username-password pair"})

	src := source()
	defer src.Close()
	pool := &redis.Pool{MaxIdle: 10}
	if err := entraredigo.Configure(pool, cache.addr, src, &entraredigo.Options{TLSConfig: cache.tls}); err != nil {
		log.Fatal(err)
	}
	defer pool.Close()

	conn := pool.Get()
	defer conn.Close()
	_, err := conn.Do("INCR", "visits")
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

// A single connection, with database 1. Make one function for each cache, and as many connections with it as needed.
func ExampleDialContext() {
	cache := startCache()
	defer cache.close()

	src := source()
	defer src.Close()

	dial, err := entraredigo.DialContext(src, cache.addr, &entraredigo.Options{
		TLSConfig:   cache.tls,
		DialOptions: []redis.DialOption{redis.DialDatabase(1)},
	})
	if err != nil {
		log.Fatal(err)
	}
	conn, err := dial(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Println(redis.String(redis.DoWithTimeout(conn, time.Minute, "SET", "greeting", "hello")))
	// Output: OK <nil>
}
