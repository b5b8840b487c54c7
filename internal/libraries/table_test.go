package main

import (
	"regexp"
	"slices"
	"testing"
)

func TestTableIsComplete(t *testing.T) {
	names := map[string]bool{}
	for _, l := range libraries() {
		if names[l.name] || l.module == "" || l.version == "" || len(l.suites) == 0 || l.takes <= 0 {
			t.Errorf("%s: incomplete, or there twice", l.name)
		}
		names[l.name] = true
		suites := map[string]bool{}
		reasons := slices.Clone(l.knownDifferences)
		for _, s := range l.suites {
			if suites[s.name()] {
				t.Errorf("%s: two suites are called %q", l.name, s.name())
			}
			suites[s.name()] = true
			reasons = append(append(reasons, s.leftOut...), reasoned{s.run, "those that run"})
		}
		for _, r := range reasons {
			if _, err := regexp.Compile(r.pattern); err != nil || r.reason == "" {
				t.Errorf("%s: %q, %q: %v", l.name, r.pattern, r.reason, err)
			}
		}
	}
}

func TestOrderFollowsTheSeed(t *testing.T) {
	order := func(seed uint64) (names []string) {
		for _, l := range choose(libraries(), regexp.MustCompile(""), seed) {
			names = append(names, l.name)
		}
		return names
	}
	if !slices.Equal(order(7), order(7)) {
		t.Error("one seed gives two orders")
	}
	if slices.Equal(order(7), order(8)) {
		t.Error("two seeds give one order")
	}
	if order(0)[0] != libraries()[0].name {
		t.Error("without a seed the order is not that of the table")
	}
}
