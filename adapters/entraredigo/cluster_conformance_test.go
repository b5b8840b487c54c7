package entraredigo_test

import (
	"testing"

	"github.com/entraredis/entraredis/adapters/adaptertest"
)

func TestDocumentsThatThereIsNoCluster(t *testing.T) {
	adaptertest.CheckClusterMatrix(t, adaptertest.ClusterHarness{
		Library: "redigo of a cluster", None: "redigo has no client for a cluster",
	}, "../../docs/adapters.md")
}
