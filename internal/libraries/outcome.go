package main

import (
	"encoding/xml"
	"errors"
	"os"
	"regexp"
	"strings"
)

// An outcome is how a test ended.
type outcome string

const (
	passed  outcome = "PASS"
	failed  outcome = "FAIL"
	skipped outcome = "SKIP"
	// unfinished is the outcome of a test that was running when the test binary ended.
	unfinished outcome = "unfinished"
)

// ended is the name under which a test binary's end counts as a test: it can fail though all its tests have passed.
const ended = "(the end of the test binary)"

// The test binary puts a control character before what it says of a test, so that a test's own output is not taken for that.
var (
	begins = regexp.MustCompile(`\x16=== RUN +(\S+)`)
	ends   = regexp.MustCompile(`\x16 *--- (PASS|FAIL|SKIP): (\S+) \(`)
)

// readOutcomes reads the output of a test binary that ran with -test.v=test2json.
func readOutcomes(output string, exitedWell bool) map[string]outcome {
	found := map[string]outcome{ended: failed}
	if exitedWell {
		found[ended] = passed
	}
	for _, match := range begins.FindAllStringSubmatch(output, -1) {
		found[match[1]] = unfinished
	}
	for _, match := range ends.FindAllStringSubmatch(output, -1) {
		found[match[2]] = outcome(match[1])
	}
	return found
}

// readSpecs reads a JUnit report of Ginkgo 1. A report that is not there has no outcomes: the test binary's end tells more.
func readSpecs(file string) (map[string]outcome, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return map[string]outcome{}, nil
	}
	if err != nil {
		return nil, err
	}
	var report struct {
		Cases []struct {
			Name    string    `xml:"name,attr"`
			Failure *struct{} `xml:"failure"`
			Skipped *struct{} `xml:"skipped"`
		} `xml:"testcase"`
	}
	if err := xml.Unmarshal(text, &report); err != nil {
		return nil, err
	}
	found := map[string]outcome{}
	for _, c := range report.Cases {
		switch {
		case c.Skipped != nil:
			found[c.Name] = skipped
		case c.Failure != nil:
			found[c.Name] = failed
		default:
			found[c.Name] = passed
		}
	}
	return found, nil
}

// outermost is the function that a test is part of.
func outermost(test string) string {
	name, _, _ := strings.Cut(test, "/")
	return name
}
