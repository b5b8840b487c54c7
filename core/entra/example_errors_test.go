package entra_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/redis/go-redis/v9"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// The credential has an old secret, so that there is no token. Commands of a client return the reason, and so does
// [Source.Token]. The Source goes on trying: the program needs no restart when the secret has been mended.
func ExampleRefreshError() {
	options := azidentity.ClientSecretCredentialOptions{ClientOptions: entratest.NewSTS(nil).ClientOptions()}
	cred, err := azidentity.NewClientSecretCredential(entratest.TenantID, entratest.ClientID, "an old secret", &options)
	if err != nil {
		log.Fatal(err)
	}
	src, err := entra.NewSource(cred, &entra.Options{TokenWait: time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	opt := &redis.Options{Addr: "localhost:6379", DialTimeout: 2 * time.Minute}
	if err := entragoredis.Configure(opt, src, nil); err != nil {
		log.Fatal(err)
	}
	rdb := redis.NewClient(opt)
	defer func() { _ = rdb.Close() }()

	err = rdb.Ping(context.Background()).Err()
	var refresh *entra.RefreshError
	if errors.As(err, &refresh) {
		fmt.Println(refresh.Kind, refresh.Status, refresh.Code)
		switch refresh.Kind {
		case entra.KindNetwork, entra.KindThrottled, entra.KindTimedOut:
			fmt.Println("a retry helps")
		case entra.KindRejected, entra.KindMalformed:
			fmt.Println("an operator has to mend that")
		}
	}
	// Output:
	// rejected 401 AADSTS7000215
	// an operator has to mend that
}

// The cache refuses the token, as it does if the identity has no access policy assignment.
func ExampleAuthError() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	gateway := entratest.NewGateway(listener, nil)
	defer func() { _ = gateway.Close() }()
	gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS invalid username-password pair"})

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

	err = rdb.Ping(context.Background()).Err()
	var refused *entra.AuthError
	if errors.As(err, &refused) {
		fmt.Println(refused.Code(), "for", refused.User)
		fmt.Println("a retry helps:", refused.Temporary())
	}
	// Output:
	// WRONGPASS for 0f8fad5b-d9cb-469f-a165-70867728950e
	// a retry helps: false
}

// A setting that cannot work is an error before anything is dialed. It names the field, so that a program which reads
// its settings from a file can say which one is wrong.
func ExampleConfigError() {
	src, err := entra.NewSource(entratest.NewSTS(nil).Credential(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = src.Close() }()

	opt := &redis.Options{Addr: "contoso.redis.cache.windows.net:6380", TLSConfig: &tls.Config{}, Password: "an access key"}
	err = entragoredis.Configure(opt, src, nil)
	var config *entra.ConfigError
	if errors.As(err, &config) {
		fmt.Println(config.Field)
		fmt.Println(config.Reason)
	}
	// Output:
	// redis.Options.Password
	// is set, but the adapter logs in with the token; remove it
}

// Clients are closed before their Source. One that is not gets this error once it needs a token.
func ExampleErrClosed() {
	src, err := entra.NewSource(entratest.NewSTS(nil).Credential(), nil)
	if err != nil {
		log.Fatal(err)
	}
	_ = src.Close()
	_, err = src.Token(context.Background())
	fmt.Println(errors.Is(err, entra.ErrClosed))
	// Output: true
}
