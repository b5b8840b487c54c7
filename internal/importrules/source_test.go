package importrules_test

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/internal/importrules"
)

func TestEveryFileKeepsTheHouseRules(t *testing.T) {
	for name, src := range goFiles(t, ".") {
		for _, line := range importrules.CheckSource(name, src) {
			t.Error(line)
		}
	}
}

func TestMethodsOfATypeStandInOneFile(t *testing.T) {
	for _, folder := range []string{"core/entra", "core/entraconn", "core/entratest", "internal/resp"} {
		for _, spread := range importrules.SpreadMethods(goFiles(t, folder)) {
			t.Error(spread)
		}
	}
}

// A room that a reader can take in: its own rooms, below internal, are counted for themselves.
func TestTheConnectionIsSmall(t *testing.T) {
	files, lines := 0, 0
	for name, src := range goFiles(t, "core/entraconn") {
		if path.Dir(name) == "core/entraconn" && !strings.HasSuffix(name, "_test.go") {
			files++
			lines += bytes.Count(src, []byte("\n"))
		}
	}
	t.Logf("core/entraconn has %d files and %d lines", files, lines)
	most := connectionSize()
	if files > most.files || lines > most.lines {
		t.Errorf("core/entraconn has %d files and %d lines, want %d and %d at most: "+
			"what is an idea of its own goes into a package below internal", files, lines, most.files, most.lines)
	}
}

// goFiles reads the Go files of a folder of the module.
func goFiles(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	root := os.DirFS(filepath.Join("..", ".."))
	files := map[string][]byte{}
	err := fs.WalkDir(root, folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "testdata" || entry.Name() != "." && strings.HasPrefix(entry.Name(), ".")) {
			return fs.SkipDir
		}
		if entry.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		files[name], err = fs.ReadFile(root, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("found no Go file")
	}
	return files
}

func TestSpreadMethodsAreFound(t *testing.T) {
	tests := []struct{ name, first, second, spread string }{
		{"one file", "package a; type T int; func (T) f() {}; func (*T) g() {}", "package a", ""},
		{"two files", "package a; type T int; func (T) f() {}", "package a; func (t *T) g() {}", "a.T has methods in one.go, two.go"},
		{"two types", "package a; type T int; func (T) f() {}", "package a; type U int; func (U) f() {}", ""},
		{"generic type", "package a; type T[E any] int; func (T[E]) f() {}", "package a; func (t *T[F]) g() {}", "a.T has methods in"},
		{"function that takes it", "package a; type T int; func (T) f() {}", "package a; func g(t T) {}", ""},
		{"type of the same name in the tests", "package a; type T int; func (T) f() {}", "package a_test; type T int; func (T) g() {}", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got string
			for _, spread := range importrules.SpreadMethods(map[string][]byte{"a/one.go": []byte(test.first), "a/two.go": []byte(test.second)}) {
				got += spread.String()
			}
			if test.spread == "" && got != "" {
				t.Errorf("refused: %s", got)
			}
			if !strings.Contains(got, test.spread) {
				t.Errorf("got %q, want %q", got, test.spread)
			}
		})
	}
}

func TestHouseRulesCatch(t *testing.T) {
	const bothRedis = `import (
	redigo "github.com/gomodule/redigo/redis"
	goredis "github.com/redis/go-redis/v9"
)`
	tests := []struct {
		name   string
		file   string
		src    string
		broken string // part of the line; empty if the file is fine
	}{
		{"session with a clock", "core/entraconn/internal/session/a.go", `package session; import "time"; var _ = time.Now()`, "time.Now in code"},
		{"session with a timer", "core/entraconn/internal/session/a.go", `package session; import "time"; func f(t time.Time) { time.AfterFunc(1, nil) }`, "time.AfterFunc in code"},
		{"admission with a timer", "core/entraconn/internal/admission/a.go", `package admission; import "time"; var _ = time.NewTimer(1)`, "time.NewTimer in code"},
		{"session that is told the time", "core/entraconn/internal/session/a.go", `package session; import "time"; func f(t time.Time) { _ = t.Sub(t) > time.Hour }`, ""},
		{"session with a goroutine", "core/entraconn/internal/session/a.go", `package session; func f() { go f() }`, "goroutine"},
		{"goroutine elsewhere", "core/entraconn/a.go", `package entraconn; func f() { go f() }`, ""},
		{"test of a session with a clock", "core/entraconn/internal/session/a_test.go", `package session_test; import "time"; var _ = time.Now()`, ""},
		{"test inside the session", "core/entraconn/internal/session/a_test.go", "package session", "a test inside package session"},
		{"schedule with a clock", "core/entra/internal/schedule/a.go", `package schedule; import "time"; var _ = time.Now()`, "time.Now in code"},
		{"test inside the connection", "core/entraconn/a_test.go", "package entraconn", "a test inside package entraconn"},
		{"test inside the core", "core/entra/a_test.go", "package entra", "a test inside package entra"},
		{"test inside the scanner", "internal/resp/a_test.go", "package resp", "a test inside package resp"},
		{"test outside of the core", "core/entra/a_test.go", "package entra_test", ""},
		{"core that exports for its tests", "core/entra/export_test.go", "package entra_test", "an export_test.go"},
		{"test kit", "core/entratest/a_test.go", "package entratest", ""},
		{"plain file", "a/a.go", "package a", ""},
		{"syntax error", "a/a.go", "packag a", "expected 'package'"},
		{"file with a vague name", "a/utils.go", "package a", `"utils"`},
		{"test with a vague name", "a/helpers_test.go", "package a", `"helpers"`},
		{"folder with a vague name", "a/common/x.go", "package x", `"common"`},
		{"long file", "a/a.go", "package a\n" + strings.Repeat("\n", 600), "one idea per file"},
		{"long enough", "a/a_test.go", "package a\n" + strings.Repeat("\n", 599), ""},
		{"alias", "a/a.go", `package a; import f "fmt"`, "under the name f"},
		{"dot import", "a/a.go", `package a; import . "fmt"`, "under the name ."},
		{"blank import", "a/a.go", `package a; import _ "embed"`, ""},
		{"one redis with an alias", "a/a.go", `package a; import goredis "github.com/redis/go-redis/v9"`, "under the name goredis"},
		{"both redis with aliases", "a/a.go", "package a\n" + bothRedis, ""},
		{"init", "a/a.go", "package a; func init() {}", "func init"},
		{"method called init", "a/a.go", "package a; type T int; func (T) init() {}", ""},
		{"reminder", "a/a.go", "package a\n// TO" + "DO: later", "do it"},
		{"sleeping test", "a/a_test.go", `package a; import "time"; func f() { time.Sleep(1) }`, "time.Sleep in a test"},
		{"sleeping in a bubble", "a/a_test.go", `package a; import ("time"; "testing/synctest"); var _ = synctest.Test; func f() { time.Sleep(1) }`, ""},
		{"error that unwraps to one", "core/entra/a.go", `package entra; type e struct{}; func (e) Unwrap() error { return nil }`, "Unwrap returns one error"},
		{"error that unwraps to several", "core/entra/a.go", `package entra; type e struct{}; func (e) Unwrap() []error { return nil }`, ""},
		{"wrapping one error", "adapters/x/a.go", `package x; import "fmt"; func f(err error) error { return fmt.Errorf("a: %w", err) }`, "fmt.Errorf wraps one error"},
		{"wrapping two errors", "adapters/x/a.go", `package x; import "fmt"; func f(err error) error { return fmt.Errorf("%w: %w", err, err) }`, ""},
		{"wrapping one error in the test kit", "core/entratest/a.go", `package entratest; import "fmt"; func f(err error) error { return fmt.Errorf("a: %w", err) }`, ""},
		{"skip without a reason", "a/a_test.go", `package a; import "testing"; func f(t *testing.T) { t.Skip() }`, "without a reason"},
		{"skip with a reason", "a/a_test.go", `package a; import "testing"; func f(t *testing.T) { t.Skip("no server") }`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := strings.Join(importrules.CheckSource(test.file, []byte(test.src)), "\n")
			if test.broken == "" && got != "" {
				t.Errorf("refused: %s", got)
			}
			if !strings.Contains(got, test.broken) {
				t.Errorf("got %q, want a line with %q", got, test.broken)
			}
		})
	}
}
