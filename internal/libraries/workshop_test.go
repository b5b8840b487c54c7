package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const ownLibrary = `package library

import (
	"os"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"
)

func dial(t *testing.T) redis.Conn {
	c, err := redis.Dial("tcp", "localhost:6379")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestSame(t *testing.T) {
	c := dial(t)
	for began := time.Now(); time.Since(began) < 2*time.Second; {
		if got, err := redis.String(c.Do("ECHO", "a")); got != "a" || err != nil {
			t.Fatal(got, err)
		}
	}
}

func TestUser(t *testing.T) {
	t.Run("name", func(t *testing.T) {
		if got, err := redis.String(dial(t).Do("ACL", "WHOAMI")); got != "default" || err != nil {
			t.Fatal(got, err)
		}
	})
}

func TestKnown(t *testing.T) {
	if got, err := redis.String(dial(t).Do("ACL", "WHOAMI")); got != "default" || err != nil {
		t.Fatal(got, err)
	}
}

func TestFails(t *testing.T) { t.Fatal("always") }

func TestFindsNothingOfAnotherRun(t *testing.T) {
	if _, err := os.Stat("data"); err == nil {
		t.Error("there is data of another run")
	}
	if err := os.WriteFile("data", nil, 0o666); err != nil {
		t.Error(err)
	}
}
`

// It downloads nothing: the only client of the library is in the module cache.
func TestComparesALibrary(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: this builds a module and needs a redis-server")
	}
	t.Setenv("GOPROXY", "off")
	source := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":          "module example.com/library\n\ngo 1.20\n\nrequire github.com/gomodule/redigo v1.9.3\n",
		"library.go":      "package library\n",
		"library_test.go": ownLibrary,
	} {
		if err := os.WriteFile(filepath.Join(source, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	l := library{
		name: "example/library", module: "example.com/library", version: "v1.0.0",
		servers: servers{singles: [][]string{{"6379"}}}, suites: []suite{{folder: "."}},
		knownDifferences: []reasoned{{"^TestKnown$", "it asks for the user"}},
	}
	one := compareFrom(t.Context(), t, l, source)
	v := one.verdict
	if v.tests != 6 || len(v.flaky) > 0 || one.auths < 10 {
		t.Errorf("%d tests, flaky %v, %d AUTHs, want 6, none and 10 or more", v.tests, v.flaky, one.auths)
	}
	var got []string
	for _, d := range v.differences {
		got = append(got, d.String())
	}
	want := []string{
		"TestKnown: failed 2 of 2 times with tokens, 0 of 2 without; known: it asks for the user",
		"TestUser/name: failed 7 of 7 times with tokens, 0 of 7 without",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !slices.Contains(v.broken, testID{test: "TestFails"}) {
		t.Errorf("fail always: %v", v.broken)
	}
}

func compareFrom(ctx context.Context, t *testing.T, l library, source string) row {
	t.Helper()
	w, err := newWorkshop(ctx, filepath.Join("..", ".."), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	k, err := w.buildFrom(ctx, l, source)
	if err != nil {
		t.Fatal(err)
	}
	one, err := compare(ctx, w, k)
	if err != nil {
		t.Fatal(err)
	}
	return one
}

func TestModuleThatCannotBeDownloaded(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	w := &workshop{dir: t.TempDir()}
	_, err := w.build(t.Context(), library{name: "x", module: "example.com/absent", version: "v1.0.0"})
	if err == nil || !strings.Contains(err.Error(), errNoDownload.Error()) {
		t.Errorf("error %v, want %v", err, errNoDownload)
	}
}

func TestSaysWhyAModuleCannotBeDownloaded(t *testing.T) {
	for text, want := range map[string]string{
		"example.com/a@v1.0.0: invalid version: git ls-remote -q origin in /x: exit status 128:\n\tfatal: unable to access 'https://example.com/'": "the module proxy does not have example.com/a@v1.0.0, and git says: unable to access 'https://example.com/'",
		"example.com/a@v1.0.0: reading https://proxy/x: 404 Not Found\n\tserver response: not found":                                               "example.com/a@v1.0.0: reading https://proxy/x: 404 Not Found",
	} {
		if got := whyNot(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
