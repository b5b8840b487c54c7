package newerfield_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/entraredis/entraredis/internal/newerfield"
)

type mode string

type inner struct {
	Mode  mode
	Drain time.Duration
}

type options struct {
	Retries int
	Inner   *inner
}

func TestSetsWhatIsThere(t *testing.T) {
	var got options
	for field, value := range map[string]any{"Retries": 1, "Inner.Mode": "off", "Inner.Drain": time.Second} {
		if !newerfield.Set(&got, field, value) {
			t.Errorf("%s is not there", field)
		}
	}
	want := options{Retries: 1, Inner: &inner{Mode: "off", Drain: time.Second}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestReportsWhatIsNotThere(t *testing.T) {
	var got options
	if newerfield.Set(&got, "Absent", 1) || newerfield.Set(&got, "Absent.Mode", "off") {
		t.Error("a field is set that is not there")
	}
	if got != (options{}) {
		t.Errorf("changed %+v", got)
	}
}
