package adaptertest_test

import (
	"testing"

	"github.com/entraredis/entraredis/adapters/adaptertest"
)

func TestDocumentsWhatServersMayNotKnow(t *testing.T) {
	adaptertest.CheckCapabilities(t, "../../docs/adapters.md")
}
