package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// published are the packages that services get.
func published() []string {
	return []string{
		"adapters/entragoredis", "adapters/entrarueidis", "adapters/entraredigo", "core/entra", "core/entraconn",
		"otel/otelentra", "otel/slogentra", "otel/livepage",
	}
}

// A trials holds services that get packages of the checkout, each in a folder of its own.
type trials struct {
	root, dir string
	command   goCommand
	before    state // of each service
}

func newTrials(ctx context.Context, root, dir string) (*trials, error) {
	cache, err := goEnv(ctx, "GOMODCACHE")
	if err != nil {
		return nil, err
	}
	proxies, err := goEnv(ctx, "GOPROXY")
	if err != nil {
		return nil, err
	}
	own := "file://" + filepath.ToSlash(filepath.Join(dir, "proxy"))
	t := &trials{root: root, dir: dir}
	t.command = goCommand{strings.Join([]string{own, "file://" + filepath.ToSlash(filepath.Join(cache, "cache", "download")), proxies}, ",")}
	if err := writeConsumer(t.service("fresh")); err != nil {
		return nil, err
	}
	if _, err := t.command.run(ctx, t.service("fresh"), "mod", "tidy"); err != nil {
		return nil, err
	}
	if t.before, err = readState(ctx, t.command, t.service("fresh")); err != nil {
		return nil, err
	}
	for _, r := range older() {
		if got := t.before.versions[r.module]; got != r.version {
			return nil, fmt.Errorf("the services have %s %s and not %s, so nothing is tried", r.module, got, r.version)
		}
	}
	return t, nil
}

func (t *trials) service(name string) string { return filepath.Join(t.dir, name) }

// get has a new service get a package, and returns its folder and what that did.
func (t *trials) get(ctx context.Context, version, pkg string) (dir string, e effect, err error) {
	dir = t.service(version + "-" + strings.ReplaceAll(pkg, "/", "-"))
	if err := os.CopyFS(dir, os.DirFS(t.service("fresh"))); err != nil {
		return dir, e, err
	}
	src := fmt.Sprintf("package main\n\nimport _ %q\n", ownModule+"/"+pkg)
	if err := os.WriteFile(filepath.Join(dir, "redis.go"), []byte(src), 0o666); err != nil {
		return dir, e, err
	}
	for _, args := range [][]string{{"get", ownModule + "/" + pkg + "@" + version}, {"mod", "tidy"}} {
		if _, err := t.command.run(ctx, dir, args...); err != nil {
			return dir, e, err
		}
	}
	after, err := readState(ctx, t.command, dir)
	if err != nil {
		return dir, e, err
	}
	linked, err := t.modulesOf(ctx, dir, ownModule+"/"+pkg)
	if err != nil {
		return dir, e, err
	}
	names := map[string]bool{}
	for _, m := range linked {
		names[m.Path] = true
	}
	return dir, compare(t.before, after, names), nil
}

// tryFloors has services get each package. It first does so with newest.mod for a go.mod, which must move something: else
// nothing is tried.
func (t *trials) tryFloors(ctx context.Context, stdout io.Writer) error {
	const newest = "v0.0.1-newest"
	proxy := filepath.Join(t.dir, "proxy")
	if _, err := publish(ctx, t.root, proxy, newest, "newest.mod"); err != nil {
		return err
	}
	_, e, err := t.get(ctx, newest, published()[0])
	if err != nil {
		return err
	}
	if len(e.moved) == 0 {
		return fmt.Errorf("with newest.mod for a go.mod %s moves nothing, so nothing is tried", published()[0])
	}
	fmt.Fprintf(stdout, "release-check: with newest.mod for a go.mod, %s would move %d modules that it does not link\n", published()[0], len(e.moved))
	size, err := publish(ctx, t.root, proxy, tried, "")
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "release-check: the module's zip has %d KB\n", size>>10)
	for _, pkg := range published() {
		dir, e, err := t.get(ctx, tried, pkg)
		if err != nil {
			return err
		}
		if len(e.moved) > 0 {
			return fmt.Errorf("a service that gets %s gets other versions of what it does not link. Lower these in go.mod:\n\t%s", pkg, strings.Join(e.moved, "\n\t"))
		}
		if _, err := t.command.run(ctx, dir, "build", "-o", os.DevNull, "."); err != nil {
			return fmt.Errorf("a service with older versions of everything does not compile with %s: %w", pkg, err)
		}
		fmt.Fprintf(stdout, "release-check: %s moves nothing that it does not link, and %d modules that it links\n", pkg, len(e.linked))
	}
	return nil
}
