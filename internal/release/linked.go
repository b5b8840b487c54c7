package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A linkedModule is one whose code becomes part of a service.
type linkedModule struct{ Path, Version, Dir string }

// modulesOf returns the modules from which the packages are built, without this one, sorted.
func (t *trials) modulesOf(ctx context.Context, dir string, packages ...string) (all []linkedModule, err error) {
	list, err := t.command.run(ctx, dir, append([]string{"list", "-deps", "-json=Module"}, packages...)...)
	if err != nil {
		return nil, err
	}
	for dec := json.NewDecoder(strings.NewReader(list)); ; {
		var p struct{ Module *linkedModule }
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if p.Module != nil && p.Module.Path != ownModule && !slices.Contains(all, *p.Module) {
			all = append(all, *p.Module)
		}
	}
	slices.SortFunc(all, func(a, b linkedModule) int { return cmp.Compare(a.Path, b.Path) })
	return all, nil
}

// linked returns what a service links that gets all packages and had nothing before, in the versions of go.mod.
func (t *trials) linked(ctx context.Context) ([]linkedModule, error) {
	dir := t.service("all")
	src, paths := "package main\n\nimport (\n", []string(nil)
	for _, pkg := range published() {
		src += "\t_ \"" + ownModule + "/" + pkg + "\"\n"
		paths = append(paths, ownModule+"/"+pkg)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	mod := "module example.com/all\n\ngo " + consumerGo + "\n\nrequire " + ownModule + " " + tried + "\n"
	for name, text := range map[string]string{"go.mod": mod, "main.go": src + ")\n\nfunc main() {}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			return nil, err
		}
	}
	if _, err := t.command.run(ctx, dir, "mod", "tidy"); err != nil {
		return nil, err
	}
	return t.modulesOf(ctx, dir, paths...)
}
