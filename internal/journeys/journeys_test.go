package journeys_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/internal/journeys"
)

const module = "github.com/entraredis/entraredis/"

// A bound is what a journey may take.
type bound struct {
	journey string
	most    int
}

// What a journey takes differs by a few calls from run to run: there is chance in when a token is renewed.
func bounds() []bound {
	return []bound{
		{"get", 40},
		{"close", 25},
		{"idle", 1000},
		{"blpop", 2000},
	}
}

func TestJourneysAreShort(t *testing.T) {
	dir := t.TempDir()
	trip := filepath.Join(dir, "trip")
	counted := module + "core/entra," + module + "core/entraconn/...," + module + "internal/resp"
	// The counters are written by a function that the main package must bring along, and that wants atomic ones.
	run(t, "go", "build", "-cover", "-covermode=atomic", "-coverpkg="+counted+","+module+"internal/journeys/trip", "-o", trip, "./trip")
	for _, b := range bounds() {
		t.Run(b.journey, func(t *testing.T) {
			to := filepath.Join(dir, b.journey)
			if err := os.Mkdir(to, 0o777); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), trip, "-to", to, b.journey)
			cmd.Env = append(os.Environ(), "GOCOVERDIR="+dir) // for what it counts when it ends
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			functions, err := journeys.Entries(profile(t, to, "before"), profile(t, to, "after"), func(name string) ([]byte, error) {
				return os.ReadFile(filepath.Join("..", "..", strings.TrimPrefix(name, module)))
			})
			if err != nil {
				t.Fatal(err)
			}
			var table strings.Builder
			folders := map[string]int{}
			for _, f := range functions {
				folders[strings.TrimPrefix(path.Dir(f.File), module)] += f.Entries
				fmt.Fprintf(&table, "%7d  %s  %s\n", f.Entries, f.Name, strings.TrimPrefix(f.File, module))
			}
			n := journeys.Sum(functions)
			t.Logf("%d calls, %v:\n%s", n, folders, &table)
			if n == 0 || n > b.most {
				t.Errorf("%d calls, want 1 to %d", n, b.most)
			}
		})
	}
}

// profile returns the counters that were written to a folder of dir.
func profile(t *testing.T, dir, folder string) *bytes.Reader {
	t.Helper()
	text := filepath.Join(dir, folder+".txt")
	run(t, "go", "tool", "covdata", "textfmt", "-i", filepath.Join(dir, folder), "-pkg", strings.Join([]string{
		module + "core/entra", module + "core/entraconn", module + "core/entraconn/...", module + "internal/resp",
	}, ","), "-o", text)
	content, err := os.ReadFile(text)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(content)
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
}
