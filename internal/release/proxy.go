package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// publish builds the zip of the checkout at root, as the module proxy does of a tag, and puts it into a folder that the go
// command takes for a proxy. If modFile is not empty, it takes the place of go.mod. The size of the zip is returned in bytes.
func publish(ctx context.Context, root, proxy, version, modFile string) (size int64, err error) {
	tree, err := os.MkdirTemp(filepath.Dir(proxy), "tree")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(tree)
	if err := copyCheckout(ctx, root, tree); err != nil {
		return 0, err
	}
	if modFile != "" {
		if err := copyFile(filepath.Join(root, modFile), filepath.Join(tree, "go.mod")); err != nil {
			return 0, err
		}
	}
	at := filepath.Join(proxy, filepath.FromSlash(ownModule), "@v", version)
	if err := os.MkdirAll(filepath.Dir(at), 0o777); err != nil {
		return 0, err
	}
	var content bytes.Buffer
	if err := zip.CreateFromDir(&content, module.Version{Path: ownModule, Version: version}, tree); err != nil {
		return 0, err
	}
	if err := os.WriteFile(at+".zip", content.Bytes(), 0o666); err != nil {
		return 0, err
	}
	if err := os.WriteFile(at+".info", fmt.Appendf(nil, `{"Version":%q,"Time":"2026-01-01T00:00:00Z"}`, version), 0o666); err != nil {
		return 0, err
	}
	return int64(content.Len()), copyFile(filepath.Join(tree, "go.mod"), at+".mod")
}

// copyCheckout copies what git has or would add.
func copyCheckout(ctx context.Context, root, to string) error {
	list := exec.CommandContext(ctx, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	names, err := list.Output()
	if err != nil {
		return fmt.Errorf("git ls-files: %w", err)
	}
	for name := range bytes.SplitSeq(bytes.TrimSuffix(names, []byte{0}), []byte{0}) {
		source := filepath.Join(root, string(name))
		if info, err := os.Lstat(source); err != nil || !info.Mode().IsRegular() {
			continue // deleted, or a link, which no zip has
		}
		if err := copyFile(source, filepath.Join(to, string(name))); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), fs.ModePerm); err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o666)
}
