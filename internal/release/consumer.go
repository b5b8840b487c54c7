package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A requirement is a module that a service had before, and a package of it that the service imports.
type requirement struct{ module, version, imports string }

// older are versions of what services have beside this module, about a year and a half old at the time of writing. Nothing
// follows from go.mod here: a floor above one of them is what this program looks for.
func older() []requirement {
	return []requirement{
		{"github.com/Azure/azure-sdk-for-go/sdk/azcore", "v1.18.0", "github.com/Azure/azure-sdk-for-go/sdk/azcore"},
		{"github.com/Azure/azure-sdk-for-go/sdk/azidentity", "v1.9.0", "github.com/Azure/azure-sdk-for-go/sdk/azidentity"},
		{"github.com/alicebob/miniredis/v2", "v2.34.0", "github.com/alicebob/miniredis/v2"},
		{"github.com/cenkalti/backoff/v4", "v4.3.0", "github.com/cenkalti/backoff/v4"},
		{"github.com/golang-jwt/jwt/v5", "v5.2.2", "github.com/golang-jwt/jwt/v5"},
		{"github.com/gomodule/redigo", "v1.8.9", "github.com/gomodule/redigo/redis"},
		{"github.com/google/go-cmp", "v0.7.0", "github.com/google/go-cmp/cmp"},
		{"github.com/google/uuid", "v1.6.0", "github.com/google/uuid"},
		{"github.com/redis/go-redis/v9", "v9.14.0", "github.com/redis/go-redis/v9"},
		{"github.com/redis/rueidis", "v1.0.60", "github.com/redis/rueidis"},
		{"go.opentelemetry.io/otel", "v1.35.0", "go.opentelemetry.io/otel"},
		{"go.opentelemetry.io/otel/metric", "v1.35.0", "go.opentelemetry.io/otel/metric"},
		{"go.opentelemetry.io/otel/sdk", "v1.35.0", "go.opentelemetry.io/otel/sdk/trace"},
		{"go.opentelemetry.io/otel/sdk/metric", "v1.35.0", "go.opentelemetry.io/otel/sdk/metric"},
		{"go.opentelemetry.io/otel/trace", "v1.35.0", "go.opentelemetry.io/otel/trace"},
		{"golang.org/x/crypto", "v0.36.0", "golang.org/x/crypto/ssh"},
		{"golang.org/x/net", "v0.38.0", "golang.org/x/net/http2"},
		{"golang.org/x/sys", "v0.31.0", "golang.org/x/sys/cpu"},
		{"golang.org/x/term", "v0.30.0", "golang.org/x/term"},
		{"golang.org/x/text", "v0.23.0", "golang.org/x/text/cases"},
	}
}

// consumerGo is the version of Go in the go.mod of such a service.
const consumerGo = "1.25.0"

// writeConsumer writes a service that has older versions of everything.
func writeConsumer(dir string) error {
	mod := "module example.com/consumer\n\ngo " + consumerGo + "\n"
	src := "package main\n\nimport (\n"
	for _, r := range older() {
		mod += fmt.Sprintf("\nrequire %s %s\n", r.module, r.version)
		src += fmt.Sprintf("\t_ %q\n", r.imports)
	}
	src += ")\n\nfunc main() {}\n"
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod), 0o666); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "main.go"), []byte(src), 0o666)
}

// A state is what a service's go.mod comes to.
type state struct {
	goVersion string
	versions  map[string]string // by module, of its whole build list
}

func readState(ctx context.Context, g goCommand, dir string) (state, error) {
	s := state{versions: map[string]string{}}
	text, err := g.run(ctx, dir, "mod", "edit", "-json")
	if err != nil {
		return s, err
	}
	var mod struct{ Go string }
	if err := json.Unmarshal([]byte(text), &mod); err != nil {
		return s, err
	}
	s.goVersion = mod.Go
	list, err := g.run(ctx, dir, "list", "-m", "all")
	for line := range strings.Lines(list) {
		if path, version, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			s.versions[path] = version
		}
	}
	return s, err
}

// An effect is what a go get has done to a service.
type effect struct {
	moved  []string // modules that have another version now, although the package does not link them
	linked []string // of those that it links
}

// compare compares a service before and after it got a package that links these modules.
func compare(before, after state, linked map[string]bool) (e effect) {
	if before.goVersion != after.goVersion {
		e.moved = append(e.moved, "go "+before.goVersion+" => "+after.goVersion)
	}
	for module, old := range before.versions {
		current := after.versions[module]
		if current == old || current == "" {
			continue
		}
		change := module + " " + old + " => " + current
		if linked[module] {
			e.linked = append(e.linked, change)
		} else {
			e.moved = append(e.moved, change)
		}
	}
	slices.Sort(e.moved)
	slices.Sort(e.linked)
	return e
}
