package entrarueidis_test

import (
	"context"
	"crypto/tls"
	"log"
	"net"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// source returns a Source that has a token of the fake Microsoft Entra.
func source() *entra.Source {
	src, err := entra.NewSource(entratest.NewSTS(nil).Credential(), nil)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := src.Token(context.Background()); err != nil {
		log.Fatal(err)
	}
	return src
}

// A cache stands in for one of Azure's and for Microsoft Entra, so that the examples run.
type cache struct {
	addr    string                 // in Azure "contoso.redis.cache.windows.net:6380"
	tls     *tls.Config            // in Azure &tls.Config{}
	cred    azcore.TokenCredential // in Azure what azidentity.NewDefaultAzureCredential(nil) returns
	gateway *entratest.Gateway
}

func startCache() *cache {
	server, client, err := entratest.TLSConfigs("127.0.0.1")
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	sts := entratest.NewSTS(nil)
	cred, err := sts.ClientSecretCredential()
	if err != nil {
		log.Fatal(err)
	}
	gateway := entratest.NewGateway(listener, &entratest.GatewayOptions{STS: sts, TLS: server})
	return &cache{addr: gateway.Addr(), tls: client, cred: cred, gateway: gateway}
}

func (c *cache) close() { _ = c.gateway.Close() }
