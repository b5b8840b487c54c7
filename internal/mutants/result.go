package main

import (
	"fmt"
	"regexp"
	"strings"
)

// A result is what became of a mutant.
type result struct {
	died   bool
	where  string // it died
	test   string // that failed first, empty if the output does not name it
	hung   bool   // the test did not end
	stale  string // why the mutant does not fit the code any more, empty if it does
	broken string // what the compiler says, empty if the mutant compiles
	output string // of the tests
}

// String is one line, unless the mutant does not compile.
func (r result) String() string {
	switch {
	case r.stale != "":
		return "STALE: " + r.stale
	case r.broken != "":
		return "DOES NOT COMPILE:\n" + r.broken
	case !r.died:
		return "SURVIVED"
	}
	how := r.test
	if r.hung {
		how = strings.TrimSpace("hung " + r.test)
	}
	if how == "" {
		return "died in " + r.where
	}
	return fmt.Sprintf("died in %s (%s)", r.where, how)
}

var (
	failedTest  = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)
	hungTest    = regexp.MustCompile(`(?m)^panic: test timed out after .*\n(?:\s*running tests:\n\s*(\S+))?`)
	testInStack = regexp.MustCompile(`(?m)^\S+\.((?:Test|Fuzz)\w+)[.(]`)
)

// judge reads what a stage has printed.
func judge(where, output string, passed bool) result {
	r := result{died: !passed, where: where, output: output}
	switch {
	case passed:
	case strings.Contains(output, "[build failed]"), strings.Contains(output, "[setup failed]"):
		return result{broken: output}
	case hungTest.MatchString(output):
		r.hung = true
		r.test = hungTest.FindStringSubmatch(output)[1]
	case failedTest.MatchString(output):
		r.test = failedTest.FindStringSubmatch(output)[1]
	case testInStack.MatchString(output): // a panic in a goroutine that a test has started
		r.test = testInStack.FindStringSubmatch(output)[1]
	}
	return r
}
