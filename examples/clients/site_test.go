package clients_test

import (
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/redis/go-redis/v9"
)

// addr is on this machine, so that tokens may go there without TLS.
const addr = "127.0.0.4:6380"

// A site is a Redis server on a network in memory, and a Source of tokens for it.
type site struct {
	network *entratest.Network
	gateway *entratest.Gateway
	source  *entra.Source
}

// newSite returns a site that ends with the test. Call it in a bubble of testing/synctest.
func newSite(t *testing.T, cred azcore.TokenCredential, user string, opts entratest.GatewayOptions) *site {
	t.Helper()
	s := &site{network: entratest.NewNetwork()}
	listener, err := s.network.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	s.gateway = entratest.NewGateway(listener, &opts)
	t.Cleanup(func() { _ = s.gateway.Close() }) // an error would be of the backend, which is in memory
	s.source, err = entra.NewSource(cred, &entra.Options{Username: user})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.source.Close() }) // always nil
	return s
}

// newClient returns a client of go-redis that entragoredis has configured. It ends with the test.
func (s *site) newClient(t *testing.T) *redis.Client {
	t.Helper()
	opt := &redis.Options{Addr: addr, Dialer: s.network.DialContext}
	if err := entragoredis.Configure(opt, s.source, nil); err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(opt)
	t.Cleanup(func() { _ = client.Close() }) // watermill has closed it
	return client
}
