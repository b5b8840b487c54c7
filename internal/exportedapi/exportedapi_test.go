package exportedapi_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraredis/entraredis/internal/exportedapi"
	"github.com/entraredis/entraredis/internal/typecheck"
)

var update = flag.Bool("update", false, "write api/*.txt")

const (
	module = "github.com/entraredis/entraredis/"
	folder = "../../api"
)

// withoutPromise reports packages whose API may change with each version, as their pages say: those for tests of adapters
// and of services.
func withoutPromise(path string) bool {
	return path == "core/entratest" || path == "adapters/adaptertest"
}

func TestAPIIsTheOneInItsFiles(t *testing.T) {
	packages, err := typecheck.Load(filepath.Join("..", ".."), "./adapters/...", "./core/...", "./otel/...")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, p := range packages {
		path := strings.TrimPrefix(p.ImportPath, module)
		lines := exportedapi.Lines(p.Types)
		if p.Types.Name() == "main" || slices.Contains(strings.Split(path, "/"), "internal") || withoutPromise(path) || len(lines) == 0 {
			continue
		}
		checked++
		file := filepath.Join(folder, strings.ReplaceAll(path, "/", "_")+".txt")
		files = slices.DeleteFunc(files, func(name string) bool { return name == file })
		if *update {
			if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		old, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("%v; run make api", err)
			continue
		}
		for _, change := range exportedapi.Changes(strings.Split(strings.TrimSuffix(string(old), "\n"), "\n"), lines) {
			if change.Added {
				t.Errorf("%s has more than api/%s: %s\nIf it is meant, run make api and tell of it in CHANGELOG.md.", path, filepath.Base(file), change)
			} else {
				t.Errorf("%s has no longer what api/%s promises: %s\nCode that uses it does not compile any more.", path, filepath.Base(file), change)
			}
		}
	}
	for _, file := range files {
		t.Errorf("api/%s is of no package", filepath.Base(file))
	}
	if checked < 7 {
		t.Errorf("%d packages, want 7 or more: nothing was compared", checked)
	}
}

const source = `package p

import "io"

const Limit = 1 << 3
const hidden = 1
var ErrClosed error
type Kind string
const Lost Kind = "lost"
type Options struct { Name string; Fn func(addr string) error; io.Reader; hidden int }
type Point struct{ X, Y int }
func (p Point) Sum(more ...int) (n int) { return 0 }
func (p *Point) Move(dx, dy int) {}
func (p *Point) hide() {}
type Doer interface { Do(what string) (done bool, err error); hide() }
type Other = Point
type Box[T comparable] struct{ In T }
func (b *Box[T]) Get() T { return b.In }
func Map[K comparable, V any](m map[K]V, f func(V) V) map[K]V { return nil }
func helper() {}
`

func TestListsWhatUsersCanDependOn(t *testing.T) {
	p, err := typecheck.Source("p", source)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`const Limit untyped int = 8`,
		`const Lost Kind = "lost"`,
		`func Map[K comparable, V any](map[K]V, func(V) V) map[K]V`,
		`method (*Box) Get() T`,
		`method (*Point) Move(int, int)`,
		`method (Options) Read([]byte) (int, error)`,
		`method (Point) Sum(...int) int`,
		`type Box[T comparable] struct`,
		`type Box[T comparable] struct, In T`,
		`type Doer interface`,
		`type Doer interface, Do(string) (bool, error)`,
		`type Doer interface, unexported methods`,
		`type Kind string`,
		`type Options struct`,
		`type Options struct, Fn func(addr string) error`,
		`type Options struct, Name string`,
		`type Options struct, embedded io.Reader`,
		`type Options struct, not comparable`,
		`type Other = Point`,
		`type Point struct`,
		`type Point struct, X int`,
		`type Point struct, Y int`,
		`var ErrClosed error`,
	}
	if diff := cmp.Diff(want, exportedapi.Lines(p.Types)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestSaysWhichLineChanged(t *testing.T) {
	old := []string{"func A()", "func B(int)", "func C()"}
	current := []string{"func A()", "func B(string)", "func C()", "func D()"}
	var got []string
	for _, change := range exportedapi.Changes(old, current) {
		got = append(got, change.String())
	}
	want := []string{"- func B(int)", "+ func B(string)", "+ func D()"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
