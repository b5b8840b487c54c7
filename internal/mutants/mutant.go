package main

import (
	"fmt"
	"path"
	"strings"
)

// A mutant is one fault in production code.
type mutant struct {
	name string
	file string // below the module's root, with slashes
	old  string // occurs exactly once in file
	new  string // stands in its place
}

// pkg returns the package that the mutant changes, as an argument of the go command. An internal
// package belongs to its parent package, whose tests test it too.
func (m mutant) pkg() string {
	dir := path.Dir(m.file)
	if outer, _, internal := strings.Cut(dir, "/internal/"); internal {
		return "./" + outer + "/..."
	}
	return "./" + dir
}

// apply returns the changed file. The error says that the mutant is stale: the code has changed below it.
func (m mutant) apply(src string) (string, error) {
	if n := strings.Count(src, m.old); n != 1 {
		return "", fmt.Errorf("%s contains %d times, want once: %q", m.file, n, m.old)
	}
	return strings.Replace(src, m.old, m.new, 1), nil
}
