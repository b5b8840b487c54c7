package entrarueidis_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"log"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/entraredis/entraredis/adapters/entrarueidis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/redis/rueidis"
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

	opt := rueidis.ClientOption{
		InitAddress: []string{"contoso.redis.cache.windows.net:6380"},
		TLSConfig:   &tls.Config{},
	}
	if err := entrarueidis.Configure(&opt, src, nil); err != nil {
		log.Fatal(err)
	}
	client, err := rueidis.NewClient(opt)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	fmt.Println(client.Do(context.Background(), client.B().Incr().Key("visits").Build()).AsInt64())
}
