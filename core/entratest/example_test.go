package entratest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/redis/go-redis/v9"

	"github.com/entraredis/entraredis/core/entratest"
)

// This client logs in by hand, to show what the kit does. It does not renew its token, so the
// gateway would close its connection after 75 minutes.
func Example() {
	sts := entratest.NewSTS(nil)
	network := entratest.NewNetwork()
	l, err := network.Listen("10.0.0.4:6380")
	if err != nil {
		log.Fatal(err)
	}
	gateway := entratest.NewGateway(l, &entratest.GatewayOptions{STS: sts})
	defer gateway.Close()

	cred, err := sts.ClientSecretCredential()
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	token, err := cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{"https://redis.azure.com/.default"}})
	if err != nil {
		log.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{
		Addr:     gateway.Addr(),
		Dialer:   func(ctx context.Context, n, addr string) (net.Conn, error) { return network.DialContext(ctx, n, addr) },
		Username: entratest.ObjectID,
		Password: token.Token,
	})
	defer client.Close()
	fmt.Println(client.Set(ctx, "greeting", "hello", 0).Val(), client.Get(ctx, "greeting").Val())
	fmt.Println("logins:", gateway.Stats().Logins)

	refusal := gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS not today"})
	gateway.DropAll()
	fmt.Println(client.Get(ctx, "greeting").Err())
	refusal.Remove()
	fmt.Println(client.Get(ctx, "greeting").Val())

	// Output:
	// OK hello
	// logins: 1
	// WRONGPASS not today
	// hello
}

// Any credential of azidentity that speaks HTTP gets its tokens from an STS, without a socket.
func ExampleSTS_ClientOptions() {
	sts := entratest.NewSTS(&entratest.STSOptions{Lifetime: time.Hour})
	cred, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
		ClientOptions: sts.ClientOptions(),
		ID:            azidentity.ClientID("11111111-2222-3333-4444-555555555555"), // azidentity has one cache for a process
	})
	if err != nil {
		log.Fatal(err)
	}
	token, err := cred.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{"https://redis.azure.com/.default"}})
	if err != nil {
		log.Fatal(err)
	}
	claims, err := sts.Verify(token.Token)
	fmt.Println(claims.ObjectID == entratest.ObjectID, err)
	// Output: true <nil>
}

// A fault strikes until it is removed, or as often as Count says. Its handle tells whether it did.
func ExampleSTS_Inject() {
	sts := entratest.NewSTS(nil)
	throttled := sts.Inject(entratest.Fault{Status: 429, RetryAfter: "30", Count: 1})

	ask := func() error {
		_, err := sts.Credential().GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{"https://redis.azure.com/.default"}})
		return err
	}
	var failed *azidentity.AuthenticationFailedError
	fmt.Println(errors.As(ask(), &failed), ask(), throttled.Hits())
	// Output: true <nil> 1
}

// A Network has no sockets. A dial fails where no listener is, as it does over TCP.
func ExampleNetwork() {
	network := entratest.NewNetwork()
	_, err := network.DialContext(context.Background(), "tcp", "redis.test:6380")
	fmt.Println(err)
	// Output: dial tcp redis.test:6380: connect: connection refused
}
