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

// What is counted is there to be counted: ours and one that dials anew, whose every connection ends with its token. One
// rotation is stepped through, see [stepped], so the numbers are the same on any machine.
func TestCountsWhatARotationDoes(t *testing.T) {
	server, err := azure.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	measure := func(library, name string) *Way {
		all := peers.All()
		i := slices.IndexFunc(all, func(p peers.Peer) bool { return p.Library == library && p.Name == name })
		way, err := plan{1, 1}.compare(t.Context(), server, all[i], stepped)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%+v", *way)
		if way.Commands == 0 || way.Messages == 0 || way.Pops == 0 || way.Latency.P999 == 0 || way.Steady.P999 == 0 {
			t.Errorf("%s, %s: something was not measured", library, name)
		}
		return way
	}
	const open = conns + blocked + subscribers
	ours, dials := measure("go-redis", peers.Ours), measure("go-redis", "token at dial")
	if auths := int(ours.Auths*ours.Seconds + 0.5); auths != open || ours.Dials != 0 || ours.Errors+ours.Lost+ours.Broken != 0 {
		t.Errorf("%d AUTHs for %d connections, %d dials, %d commands failed, %d messages were lost, %d blocking calls were broken off",
			auths, open, ours.Dials, ours.Errors, ours.Lost, ours.Broken)
	}
	if dials.Dials < open {
		t.Errorf("%d dials beyond those of the start, where each of %d connections is dialed for anew", dials.Dials, open)
	}
}
