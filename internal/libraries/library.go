package main

import (
	"regexp"
	"strings"
	"time"
)

// A library is a module that stands on a client library, and whose tests run on a real server.
type library struct {
	name             string // in the table
	module, version  string
	requires         []string // MODULE@VERSION, for a module without a go.mod or one that lacks a requirement
	patches          []patch  // of its tests, where they cannot run as they are
	servers          servers
	suites           []suite
	takes            time.Duration // all suites once, without tokens
	knownDifferences []reasoned
}

// servers are those that must listen before the tests begin, by the ports that the tests dial. Ports in one list lead to one
// server.
type servers struct {
	singles [][]string
	cluster [][]string // three nodes
	own     string     // a regular expression for the addresses of servers that the tests start below TMPDIR
}

// A suite is the tests of one package, or some of them.
type suite struct {
	folder  string // of the package, below the module's root
	variant string // of the same package with other flags
	tags    string
	flags   []string // of the test binary
	env     []string
	run     string // a regular expression for the tests that run, empty for all
	leftOut []reasoned
	specs   bool // the tests are specs of Ginkgo 1, whose names go test does not know
}

// A reasoned pattern is a regular expression for the names of tests, and what must be said about them.
type reasoned struct{ pattern, reason string }

// name is empty for the only suite of a module.
func (s suite) name() string {
	return strings.Trim(strings.TrimPrefix(s.folder, ".")+" "+s.variant, " ")
}

// arguments are those of the test binary. With only, no other tests than these run.
func (s suite) arguments(limit time.Duration, only []string) []string {
	args := []string{"-test.v=test2json", "-test.count=1", "-test.timeout=" + limit.String()}
	switch {
	case len(only) > 0:
		args = append(args, "-test.run=^("+strings.Join(only, "|")+")$")
	case s.run != "":
		args = append(args, "-test.run="+s.run)
	}
	var skipped []string
	for _, l := range s.leftOut {
		skipped = append(skipped, l.pattern)
	}
	if len(skipped) > 0 {
		args = append(args, "-test.skip="+strings.Join(skipped, "|"))
	}
	return append(args, s.flags...)
}

// known returns why a difference of this test is none, or an empty string.
func (l library) known(test string) string {
	for _, k := range l.knownDifferences {
		if regexp.MustCompile(k.pattern).MatchString(test) {
			return k.reason
		}
	}
	return ""
}

// needs is how long a comparison takes, roughly: the suites run twice both ways, after they were built.
func (l library) needs() time.Duration { return time.Minute + 2*rounds*l.takes }
