package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// A row is what became of a library.
type row struct {
	library library
	verdict verdict
	auths   int
	reason  string // why it did not run
	err     error  // that ended it
}

// ran reports whether the library was compared.
func (r row) ran() bool { return r.reason == "" && r.err == nil }

// good reports whether nothing is wrong. A row whose tests met no AUTH says nothing about tokens.
func (r row) good() bool {
	return r.reason != "" || r.err == nil && len(r.verdict.faults()) == 0 && r.verdict.tests > 0 && r.auths > 0
}

// A report prints the rows of all libraries.
type report struct {
	out  io.Writer
	rows []row
}

const layout = "%-22s %-36s %6s %8s %12s  %s\n"

func (r *report) begin() {
	fmt.Fprintf(r.out, layout, "library", "version", "tests", "AUTHs", "differences", "")
}

// add prints a row, with a line for each test that is not simply the same.
func (r *report) add(one row) {
	r.rows = append(r.rows, one)
	name, version := one.library.name, one.library.version
	switch {
	case one.reason != "":
		fmt.Fprintf(r.out, layout, name, version, "-", "-", "-", "not run: "+one.reason)
		return
	case one.err != nil:
		fmt.Fprintf(r.out, layout, name, version, "-", "-", "-", "FAILED: "+one.err.Error())
		return
	}
	v := one.verdict
	remark := ""
	if len(v.flaky)+len(v.broken) > 0 {
		remark = fmt.Sprintf("without tokens %d fail always, %d sometimes", len(v.broken), len(v.flaky))
	}
	if one.auths == 0 {
		remark = strings.TrimSpace(remark + " FAILED: the servers have run no AUTH")
	}
	fmt.Fprintf(r.out, layout, name, version, fmt.Sprint(v.tests), fmt.Sprint(one.auths), fmt.Sprint(len(v.differences)), remark)
	for _, id := range v.broken {
		fmt.Fprintf(r.out, "\tfails always: %v\n", id)
	}
	for _, id := range v.flaky {
		fmt.Fprintf(r.out, "\tfails sometimes without tokens: %v\n", id)
	}
	for _, d := range v.differences {
		fmt.Fprintf(r.out, "\tdiffers: %v\n", d)
	}
}

// end prints the last line.
func (r *report) end(took time.Duration) {
	ran, tests, auths, differences, known := 0, 0, 0, 0, 0
	var missing []string
	for _, one := range r.rows {
		if one.ran() {
			ran++
		} else {
			missing = append(missing, one.library.name)
		}
		tests += one.verdict.tests
		auths += one.auths
		differences += len(one.verdict.faults())
		known += len(one.verdict.differences) - len(one.verdict.faults())
	}
	state := "ok"
	if !r.good() {
		state = "FAILED"
	}
	fmt.Fprintf(r.out, "soak-libraries: %s, %d of %d libraries, %d tests, %d AUTHs, %d differences and %d known ones in %.0f s",
		state, ran, len(r.rows), tests, auths, differences, known, took.Seconds())
	if len(missing) > 0 {
		fmt.Fprintf(r.out, ", without %s", strings.Join(missing, ", "))
	}
	fmt.Fprintln(r.out)
}

// good reports whether a library ran, and nothing is wrong with any.
func (r *report) good() bool {
	return !r.faulty() && slices.ContainsFunc(r.rows, row.ran)
}

// faulty reports whether something is wrong with a library.
func (r *report) faulty() bool {
	return slices.ContainsFunc(r.rows, func(one row) bool { return !one.good() })
}
