package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadsOutcomes(t *testing.T) {
	const output = "\x16=== RUN   TestA\n" +
		"a_test.go:7: --- FAIL: TestA (0.00s)\n" + // a test's own words
		"\x16=== RUN   TestA/part\n" +
		"without an end of line\x16--- PASS: TestA/part (0.00s)\n" +
		"\x16--- PASS: TestA (0.00s)\n" +
		"\x16=== RUN   TestB\n\x16--- SKIP: TestB (0.00s)\n" +
		"\x16=== RUN   TestC\n\x16--- FAIL: TestC (1.20s)\n" +
		"\x16=== RUN   TestD\npanic: no\n"
	want := map[string]outcome{
		"TestA": passed, "TestA/part": passed, "TestB": skipped, "TestC": failed, "TestD": unfinished, ended: failed,
	}
	if diff := cmp.Diff(want, readOutcomes(output, false)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := readOutcomes("", true); got[ended] != passed || len(got) != 1 {
		t.Errorf("no tests: %v", got)
	}
}

func TestReadsSpecs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "specs.xml")
	const report = `<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="cache" tests="3" failures="1"><testcase name="Cache sets" time="1"></testcase>
<testcase name="Cache gets" time="1"><failure type="Failure">no</failure></testcase>
<testcase name="Cache waits" time="1"><skipped></skipped></testcase></testsuite>`
	if err := os.WriteFile(file, []byte(report), 0o666); err != nil {
		t.Fatal(err)
	}
	got, err := readSpecs(file)
	if diff := cmp.Diff(map[string]outcome{"Cache sets": passed, "Cache gets": failed, "Cache waits": skipped}, got); diff != "" || err != nil {
		t.Errorf("error %v, -want +got:\n%s", err, diff)
	}
	if got, err := readSpecs(file + "x"); len(got) > 0 || err != nil {
		t.Errorf("without a report: %v, %v", got, err)
	}
}
