package clients_test

import (
	"context"
	"net"
	"testing"

	"github.com/entraredis/entraredis/examples/clients"
)

func TestNodesAreDialedAtTheCache(t *testing.T) {
	var dialed string
	dial := clients.AtCache("contoso.redis.azure.net:10000", func(_ context.Context, _, addr string) (net.Conn, error) {
		dialed = addr
		return nil, nil
	})
	for _, announced := range []string{"10.1.2.3:8501", "evil.example:8501"} {
		if _, err := dial(t.Context(), "tcp", announced); err != nil || dialed != "contoso.redis.azure.net:8501" {
			t.Errorf("%s leads to %s, %v", announced, dialed, err)
		}
	}
}
