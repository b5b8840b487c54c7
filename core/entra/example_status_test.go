package entra_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// What each value of Health means for the operator of a service. Status.Reason is the sentence for a log or a page.
func ExampleHealth() {
	src, err := entra.NewSource(entratest.NewSTS(nil).Credential(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	if _, err := src.Token(context.Background()); err != nil {
		log.Fatal(err)
	}
	switch status := src.Status(); status.Health {
	case entra.HealthStarting:
		fmt.Println("the first token is on its way")
	case entra.HealthReady:
		fmt.Println("all is well")
	case entra.HealthDegraded:
		fmt.Println("the service works, and will not for ever:", status.Reason)
	case entra.HealthRefused:
		fmt.Println("the cache refuses the identity:", status.Reason)
	case entra.HealthExpired:
		fmt.Println("there is no token:", status.Reason)
	case entra.HealthClosed:
		fmt.Println("the service has ended")
	}
	// Output: all is well
}

// Status.Servers says what each cache, or each node of a cluster, has answered.
func ExampleServerStatus() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	gateway := entratest.NewGateway(listener, nil)
	defer func() { _ = gateway.Close() }()
	src, err := entra.NewSource(entratest.NewSTS(nil).Credential(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	if _, err := src.Token(context.Background()); err != nil {
		log.Fatal(err)
	}
	opt := &redis.Options{Addr: gateway.Addr(), DialTimeout: time.Minute}
	if err := entragoredis.Configure(opt, src, nil); err != nil {
		log.Fatal(err)
	}
	rdb := redis.NewClient(opt)
	defer func() { _ = rdb.Close() }()
	if err := rdb.Ping(context.Background()).Err(); err != nil {
		log.Fatal(err)
	}

	for _, server := range src.Status().Servers {
		fmt.Println(server.Addr == gateway.Addr(), server.State, server.Answer, server.Connections)
		serves := server.State == entra.ServerAccepts || server.State == entra.ServerMixed || !server.AcceptedUntil.IsZero()
		fmt.Println("serves us:", serves)
	}
	// Output:
	// true accepts OK 1
	// serves us: true
}
