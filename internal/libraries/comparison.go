package main

import "strings"

// A testID names a test of a library.
type testID struct{ suite, test string }

func (id testID) String() string {
	if id.suite == "" {
		return id.test
	}
	return id.suite + ": " + id.test
}

// isPartOf reports whether id is a subtest of whole. The end of a test binary fails whenever a test does.
func (id testID) isPartOf(whole testID) bool {
	return id.suite == whole.suite && (strings.HasPrefix(id.test, whole.test+"/") || whole.test == ended && id.test != ended)
}

// A tally counts how a test ended. Whole runs are those of all tests of its suite.
type tally struct{ runs, wholeRuns, failures, skips int }

// A comparison gathers how the tests of a library ended, by their names.
type comparison struct {
	plain, tokens map[testID]tally
	wholeRuns     map[string]int // without tokens, by suite
}

func newComparison() *comparison {
	return &comparison{plain: map[testID]tally{}, tokens: map[testID]tally{}, wholeRuns: map[string]int{}}
}

// addPlain counts a run of a suite without tokens. whole says that all its tests ran.
func (c *comparison) addPlain(suite string, whole bool, outcomes map[string]outcome) {
	if whole {
		c.wholeRuns[suite]++
	}
	c.add(c.plain, suite, whole, outcomes)
}

// addTokens counts a run of a suite with tokens.
func (c *comparison) addTokens(suite string, whole bool, outcomes map[string]outcome) {
	c.add(c.tokens, suite, whole, outcomes)
}

func (c *comparison) add(tallies map[testID]tally, suite string, whole bool, outcomes map[string]outcome) {
	for test, how := range outcomes {
		if test == ended && !whole {
			continue // some tests end well where all do not
		}
		id := testID{suite, test}
		t := tallies[id]
		t.runs++
		if whole {
			t.wholeRuns++
		}
		switch how {
		case failed, unfinished:
			t.failures++
		case skipped:
			t.skips++
		case passed:
		}
		tallies[id] = t
	}
}

// isStable reports whether all whole runs without tokens had the test. Some have a name of their own in each run, and others
// run only if a test before them has not ended the test binary.
func (c *comparison) isStable(id testID) bool {
	return c.plain[id].wholeRuns == c.wholeRuns[id.suite]
}
