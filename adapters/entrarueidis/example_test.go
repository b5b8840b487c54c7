package entrarueidis_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/entraredis/entraredis/adapters/entrarueidis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/redis/rueidis"
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

	opt := rueidis.ClientOption{InitAddress: []string{cache.addr}, TLSConfig: cache.tls}
	opt.Dialer.Timeout = time.Minute // 5 seconds by default, and examples run on busy machines
	if err := entrarueidis.Configure(&opt, src, nil); err != nil {
		log.Fatal(err)
	}
	client, err := rueidis.NewClient(opt)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	fmt.Println(client.Do(context.Background(), client.B().Incr().Key("visits").Build()).AsInt64())
	// Output: 1 <nil>
}

// A cluster that announces its nodes by addresses which the program cannot reach, as Azure Managed Redis does
// outside of its network: all are dialed under the name of the cache, at the port that was announced.
func ExampleConfigure_cluster() {
	cache := startCache()
	defer cache.close()
	src := source()
	defer src.Close()

	opt := rueidis.ClientOption{InitAddress: []string{"contoso.westeurope.redis.azure.net:10000"}, TLSConfig: &tls.Config{}}
	if err := entrarueidis.Configure(&opt, src, &entrarueidis.Options{SeedHost: true}); err != nil {
		log.Fatal(err)
	}
	client, err := rueidis.NewClient(opt)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
}

// What NewClient and commands return if there is no token, and if the cache refuses it. Package entra has an example of
// each error.
func ExampleConfigure_errors() {
	cache := startCache()
	defer cache.close()
	cache.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS invalid username-password pair"})

	src := source()
	defer src.Close()
	opt := rueidis.ClientOption{InitAddress: []string{cache.addr}, TLSConfig: cache.tls}
	opt.Dialer.Timeout = time.Minute // 5 seconds by default, and examples run on busy machines
	if err := entrarueidis.Configure(&opt, src, nil); err != nil {
		log.Fatal(err)
	}

	_, err := rueidis.NewClient(opt)
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
