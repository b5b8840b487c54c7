package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

const (
	ownModule       = "github.com/entraredis/entraredis"
	tokendialFolder = "internal/libraries/tokendial"
)

// A workshop prepares libraries: it patches copies of their clients and builds their tests.
type workshop struct {
	dir       string // of its own, removed at the end
	tokendial string // the folder of that package in the checkout
	sums      []byte // newest.sum of the checkout
	goVersion string // of the core, below which a module that requires it must not be
}

// errNoDownload is returned for modules that the module proxy does not serve, or cannot be asked for.
var errNoDownload = errors.New("it cannot be downloaded")

// newWorkshop prepares dir. The checkout is at root.
func newWorkshop(ctx context.Context, root, dir string) (*workshop, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	w := &workshop{dir: dir, tokendial: filepath.Join(root, filepath.FromSlash(tokendialFolder))}
	if w.sums, err = os.ReadFile(filepath.Join(root, "newest.sum")); err != nil {
		return nil, err
	}
	return w, w.copyCore(ctx, root)
}

// core is the folder of the copy of our module.
func (w *workshop) core() string { return filepath.Join(w.dir, "entraredis") }

// copyCore copies the packages that tokendial is built from. The go.mod of the copy requires what these packages need and
// nothing else, so that the library's other modules keep their versions.
func (w *workshop) copyCore(ctx context.Context, root string) error {
	list, err := w.goCommand(ctx, root, "list", "-mod=readonly", "-modfile="+filepath.Join(root, "newest.mod"), "-deps", "-json=ImportPath,Dir,Standard,Module", w.tokendial)
	if err != nil {
		return err
	}
	requires := map[string]string{}
	for packages := json.NewDecoder(bytes.NewReader(list)); packages.More(); {
		var p struct {
			ImportPath, Dir string
			Standard        bool
			Module          struct{ Path, Version, GoVersion string }
		}
		if err := packages.Decode(&p); err != nil {
			return fmt.Errorf("go list: %w", err)
		}
		folder, own := strings.CutPrefix(p.ImportPath, ownModule+"/")
		switch {
		case p.Standard:
		case !own:
			requires[p.Module.Path] = p.Module.Version
		case folder != tokendialFolder:
			w.goVersion = p.Module.GoVersion
			if err := copyPackage(p.Dir, filepath.Join(w.core(), filepath.FromSlash(folder)), ""); err != nil {
				return err
			}
		}
	}
	text := fmt.Sprintf("module %s\n\ngo %s\n", ownModule, w.goVersion)
	for module, version := range requires {
		text += fmt.Sprintf("\nrequire %s %s\n", module, version)
	}
	return os.WriteFile(filepath.Join(w.core(), "go.mod"), []byte(text), 0o666)
}

// A kit is a library with patched clients, whose tests are built.
type kit struct {
	library library
	dir     string   // of the library's module
	tests   []string // binaries, one for each suite
}

func (k *kit) remove() error { return os.RemoveAll(filepath.Dir(k.dir)) }

// build downloads a library and builds its tests.
func (w *workshop) build(ctx context.Context, l library) (*kit, error) {
	source, err := w.download(ctx, l.module, l.version)
	if err != nil {
		return nil, err
	}
	return w.buildFrom(ctx, l, source)
}

func (w *workshop) buildFrom(ctx context.Context, l library, source string) (*kit, error) {
	place := filepath.Join(w.dir, strings.ReplaceAll(l.name, "/", "-"))
	k := &kit{library: l, dir: filepath.Join(place, "module")}
	if err := os.CopyFS(k.dir, os.DirFS(source)); err != nil {
		return nil, err
	}
	for _, p := range l.patches {
		if err := p.changeFile(k.dir); err != nil {
			return nil, err
		}
	}
	if err := requireGoMod(k.dir, l.module); err != nil {
		return nil, err
	}
	edits := []string{"mod", "edit", "-toolchain=none", "-go=" + w.goVersion, "-require=" + ownModule + "@v0.0.0", "-replace=" + ownModule + "=" + w.core()}
	for _, required := range l.requires {
		edits = append(edits, "-require="+required)
	}
	if _, err := w.goCommand(ctx, k.dir, edits...); err != nil {
		return nil, err
	}
	if err := w.addSums(k.dir); err != nil {
		return nil, err
	}
	mod, err := w.readGoMod(ctx, k.dir)
	if err != nil {
		return nil, err
	}
	if err := w.patchClients(ctx, k.dir, place, mod); err != nil {
		return nil, err
	}
	for i, s := range l.suites {
		binary := filepath.Join(place, fmt.Sprint("tests", i))
		// With -trimpath the go command finds in its cache what another run has built in a folder with another name.
		_, err := w.goCommand(ctx, k.dir, "test", "-c", "-trimpath", "-vet=off", "-tags="+s.tags, "-o", binary, "./"+s.folder)
		if err != nil {
			return nil, err
		}
		k.tests = append(k.tests, binary)
	}
	return k, nil
}

// patchClients replaces each client that the go.mod at dir requires by a patched copy below copies. If the module at dir is
// a client itself, it is patched where it is.
func (w *workshop) patchClients(ctx context.Context, dir, copies string, mod goMod) error {
	patched := 0
	for _, c := range clients() {
		if c.module == mod.Module.Path {
			if err := c.apply(dir, w.tokendial, w.goVersion); err != nil {
				return err
			}
			patched++
			continue
		}
		if !mod.requires(c.module) {
			continue
		}
		source, err := w.requiredModule(ctx, dir, c.module)
		if err != nil {
			return err
		}
		patched++
		target := filepath.Join(copies, fmt.Sprint("client", patched))
		if err := os.CopyFS(target, os.DirFS(source)); err != nil {
			return err
		}
		if err := requireGoMod(target, c.module); err != nil {
			return err
		}
		if err := c.apply(target, w.tokendial, w.goVersion); err != nil {
			return err
		}
		if _, err := w.goCommand(ctx, dir, "mod", "edit", "-replace="+c.module+"="+target); err != nil {
			return err
		}
	}
	if patched == 0 {
		return fmt.Errorf("%s requires none of the clients that can be patched", mod.Module.Path)
	}
	return nil
}

// download returns the folder of a module in the module cache.
func (w *workshop) download(ctx context.Context, module, version string) (dir string, err error) {
	output, err := w.goCommand(ctx, w.dir, "mod", "download", "-json", module+"@"+version)
	var found struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(output, &found); jsonErr == nil && found.Error != "" {
		return "", fmt.Errorf("%w: %s", errNoDownload, whyNot(found.Error))
	}
	if err != nil {
		return "", err
	}
	return found.Dir, nil
}

// requiredModule returns the folder in the module cache of a module that the one at dir requires, in the version that is
// selected there.
func (w *workshop) requiredModule(ctx context.Context, dir, module string) (string, error) {
	find := func() (string, error) {
		output, err := w.goCommand(ctx, dir, "list", "-m", "-f", "{{.Dir}}", module)
		return strings.TrimSpace(string(output)), err
	}
	if found, err := find(); found != "" || err != nil {
		return found, err
	}
	if _, err := w.goCommand(ctx, dir, "mod", "download", module); err != nil {
		return "", fmt.Errorf("%w: %w", errNoDownload, err)
	}
	return find()
}

// goMod is what the go command tells of a go.mod.
type goMod struct {
	Module  struct{ Path string }
	Require []struct{ Path string }
}

func (m goMod) requires(module string) bool {
	for _, required := range m.Require {
		if required.Path == module {
			return true
		}
	}
	return false
}

func (w *workshop) readGoMod(ctx context.Context, dir string) (mod goMod, err error) {
	output, err := w.goCommand(ctx, dir, "mod", "edit", "-json")
	if err != nil {
		return mod, err
	}
	return mod, json.Unmarshal(output, &mod)
}

// addSums tells the library the checksums that our modules have.
func (w *workshop) addSums(dir string) error {
	sums, err := os.OpenFile(filepath.Join(dir, "go.sum"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	_, err = sums.Write(append([]byte("\n"), w.sums...))
	return errors.Join(err, sums.Close())
}

// goCommand runs the go command in dir and returns its standard output. An error holds what it said.
func (w *workshop) goCommand(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "PWD="+dir)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	leadGroup(cmd) // the compilers of a go command that is killed would go on
	if err := cmd.Run(); err != nil {
		return stdout.Bytes(), fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, &stderr)
	}
	return stdout.Bytes(), nil
}

// requireGoMod writes a go.mod for a module that is older than those.
func requireGoMod(dir, module string) error {
	file := filepath.Join(dir, "go.mod")
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.WriteFile(file, []byte("module "+module+"\n"), 0o666)
}

// copyPackage copies the Go files of a folder without its tests. They begin with prefix.
func copyPackage(from, to, prefix string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o777); err != nil {
		return err
	}
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		content, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, name), append([]byte(prefix), content...), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// whyNot says in a line why a module was not downloaded. The go command asks git after the proxy, and tells of git only.
func whyNot(text string) string {
	text = strings.TrimSpace(text)
	module, git, asked := strings.Cut(text, ": git ")
	if !asked {
		first, _, _ := strings.Cut(text, "\n")
		return first
	}
	last := git[strings.LastIndex(git, "\n")+1:]
	return fmt.Sprintf("the module proxy does not have %s, and git says: %s",
		strings.TrimSuffix(module, ": invalid version"), strings.TrimPrefix(strings.TrimSpace(last), "fatal: "))
}
