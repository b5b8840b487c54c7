package entraredigo_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/entraredis/entraredis/adapters/entraredigo"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/gomodule/redigo/redis"
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

	pool := &redis.Pool{MaxIdle: 10, IdleTimeout: 5 * time.Minute}
	opts := &entraredigo.Options{DialOptions: []redis.DialOption{ // without them redigo waits for ever for a server that is gone
		redis.DialReadTimeout(5 * time.Second), redis.DialWriteTimeout(5 * time.Second),
	}}
	if err := entraredigo.Configure(pool, "contoso.redis.cache.windows.net:6380", src, opts); err != nil {
		log.Fatal(err)
	}
	defer pool.Close()

	conn := pool.Get()
	defer conn.Close()
	fmt.Println(redis.Int(conn.Do("INCR", "visits")))
}

func ExampleDialContext() {
	cred, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		log.Fatal(err)
	}
	src, err := entra.NewSource(cred, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer src.Close()

	dial, err := entraredigo.DialContext(src, "contoso.redis.cache.windows.net:6380", &entraredigo.Options{
		DialOptions: []redis.DialOption{redis.DialDatabase(1), redis.DialReadTimeout(10 * time.Second)},
	})
	if err != nil {
		log.Fatal(err)
	}
	conn, err := dial(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Println(redis.String(conn.Do("GET", "greeting")))
}
