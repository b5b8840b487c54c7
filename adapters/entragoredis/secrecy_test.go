package entragoredis_test

import (
	"testing"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/internal/leaks"
	"github.com/redis/go-redis/v9"
)

// What Configure has set shows no token to whatever prints it, also after a login.
func TestConfiguredOptionsShowNoToken(t *testing.T) {
	source := newSource(t)
	token, err := source.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, password := token.Credentials()
	finder := leaks.NewFinder(password)
	network := entratest.NewNetwork()
	gateway := newGateway(t, network, "127.0.0.4:6380")
	single := &redis.Options{Addr: gateway.Addr(), Dialer: network.DialContext}
	cluster := &redis.ClusterOptions{Addrs: []string{gateway.Addr()}, Dialer: network.DialContext}
	ring := &redis.RingOptions{Addrs: map[string]string{"a": gateway.Addr()}, Dialer: network.DialContext}
	universal := &redis.UniversalOptions{Addrs: []string{gateway.Addr()}, Dialer: network.DialContext}
	for name, err := range map[string]error{
		"single": entragoredis.Configure(single, source, nil), "cluster": entragoredis.ConfigureCluster(cluster, source, nil),
		"ring": entragoredis.ConfigureRing(ring, source, nil), "universal": entragoredis.ConfigureUniversal(universal, source, nil),
	} {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	conn, err := single.Dialer(t.Context(), "tcp", gateway.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("*1\r\n$4\r\nPING\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 100)); err != nil || gateway.Stats().Auths != 1 {
		t.Fatalf("the token was not used: %v, %+v", err, gateway.Stats())
	}
	for _, v := range []any{single, *single, cluster, ring, universal} {
		for _, text := range leaks.Print(v) {
			if piece, found := finder.Find(text.Text); found {
				t.Errorf("%T with %s shows %q: %s", v, text.How, piece, finder.Where(text.Text))
			}
		}
	}
}
