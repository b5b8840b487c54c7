package main

import (
	"fmt"
	"slices"
	"strings"
)

// A difference is a test that fails, is skipped or does not run with tokens only.
type difference struct {
	testID
	plain, tokens tally
	reason        string // why it is known, empty if it is not
}

func (d difference) String() string {
	text := fmt.Sprintf("%v: failed %d of %d times with tokens, %d of %d without",
		d.testID, d.tokens.failures, d.tokens.runs, d.plain.failures, d.plain.runs)
	if d.tokens.skips > 0 {
		text += fmt.Sprintf("; skipped %d times with tokens", d.tokens.skips)
	}
	if d.reason != "" {
		text += "; known: " + d.reason
	}
	return text
}

// A verdict is what a comparison says.
type verdict struct {
	tests       int          // that ran without tokens
	broken      []testID     // fail always, without tokens too
	flaky       []testID     // fail sometimes without tokens
	differences []difference // fail with tokens, and never without
}

// judge tells which tests differ, because they fail or are skipped with tokens only, or never run with them. A test is not
// named beside its part that differs.
func judge(c *comparison, known func(test string) string) verdict {
	var v verdict
	for id, plain := range c.plain {
		if plain.skips > 0 || !c.isStable(id) {
			continue
		}
		if id.test != ended {
			v.tests++
		}
		tokens := c.tokens[id]
		switch {
		case plain.failures == plain.runs:
			v.broken = append(v.broken, id)
		case plain.failures > 0:
			v.flaky = append(v.flaky, id)
		case tokens.failures+tokens.skips > 0, tokens.runs == 0:
			v.differences = append(v.differences, difference{id, plain, tokens, known(id.String())})
		}
	}
	slices.SortFunc(v.broken, byName)
	slices.SortFunc(v.flaky, byName)
	all := v.differences
	v.differences = slices.DeleteFunc(slices.Clone(all), func(whole difference) bool {
		return slices.ContainsFunc(all, func(part difference) bool { return part.isPartOf(whole.testID) })
	})
	slices.SortFunc(v.differences, func(a, b difference) int { return byName(a.testID, b.testID) })
	return v
}

func byName(a, b testID) int { return strings.Compare(a.String(), b.String()) }

// faults returns the differences that are not known.
func (v verdict) faults() []difference {
	return slices.DeleteFunc(slices.Clone(v.differences), func(d difference) bool { return d.reason != "" })
}
