package entratest_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
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
