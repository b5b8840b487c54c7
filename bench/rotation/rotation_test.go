package rotation

import (
	"os"
	"slices"
	"testing"

	"github.com/entraredis/entraredis/bench/internal/azure"
	"github.com/entraredis/entraredis/bench/internal/peers"
)

func TestMain(m *testing.M) {
	if azure.Serve() {
		return
	}
	os.Exit(m.Run())
}

// What is counted is there to be counted: ours and one that dials anew, whose every connection ends with its token.
func TestCountsWhatARotationDoes(t *testing.T) {
	server, err := azure.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	measure := func(host, name string) *Way {
		all := peers.All()
		i := slices.IndexFunc(all, func(p peers.Peer) bool { return p.Host == host && p.Name == name })
		way, err := plan{1, 1}.compare(t.Context(), server, all[i])
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%+v", *way)
		if way.Commands == 0 || way.Messages == 0 || way.Pops == 0 || way.Latency.P999 == 0 || way.Steady.P999 == 0 {
			t.Errorf("%s, %s: something was not measured", host, name)
		}
		return way
	}
	ours, dials := measure("go-redis", peers.Ours), measure("go-redis", "token at dial")
	if ours.Auths < conns/2 {
		t.Errorf("%.0f AUTHs a second, with tokens of %v and %d connections", ours.Auths, life, conns)
	}
	if ours.Dials >= dials.Dials {
		t.Errorf("%d dials beyond those of the start, %d where every token is dialed for", ours.Dials, dials.Dials)
	}
}
