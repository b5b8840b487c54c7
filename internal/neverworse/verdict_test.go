package neverworse_test

import (
	"fmt"
	"strings"
	"time"
)

const (
	// mostRecovery bounds how long ours takes to recover, where plain and a fifth is not longer. A caller finds that it is over
	// with its next call.
	mostRecovery = 5 * time.Second
	// moreWait is how much longer than plain a dial may take.
	moreWait = time.Second
)

// A row is what a fault has done to one library in all runs.
type row struct {
	fault, library string
	callers        int
	pace           time.Duration // of the callers
	runs           int
	known          bool // as not met, in unmet_test.go
	plain, ours    outcome
}

// add adds a run to what is known: errors, calls and dials are summed up, of times the longest counts.
func (o *outcome) add(run outcome) {
	o.errors += run.errors
	o.successes += run.successes
	o.dials += run.dials
	o.wait = max(o.wait, run.wait)
	o.recovery = max(o.recovery, run.recovery)
}

// A bound is one of those that ours keeps, or not.
type bound struct {
	name  string
	kept  bool
	words string // the numbers
}

// bounds judges the row. One that is known as not met must make do with half of each allowance, so that a number close to a
// bound does not change the verdict from run to run.
func (r row) bounds() []bound {
	share := 1
	if r.known {
		share = 2
	}
	atMost := func(name string, plain, ours int) bound {
		most := plain + (plain/5+r.callers)/share
		return bound{name, ours <= most, fmt.Sprintf("%s plain %s, ours %s, want %s at most", name, count(plain), count(ours), count(most))}
	}
	atMostFor := func(name string, plain, ours, most time.Duration) bound {
		return bound{name, ours <= most, fmt.Sprintf("%s plain %s, ours %s, want %s at most", name, seconds(plain), seconds(ours), seconds(most))}
	}
	leastCalls := r.plain.successes - r.plain.successes/20/share
	return []bound{
		atMost("errors", r.plain.errors, r.ours.errors),
		{"calls", r.ours.successes >= leastCalls, fmt.Sprintf("successful calls plain %s, ours %s, want %s at least",
			count(r.plain.successes), count(r.ours.successes), count(leastCalls))},
		atMost("dials", r.plain.dials, r.ours.dials),
		atMostFor("wait", r.plain.wait, r.ours.wait, r.plain.wait+moreWait/time.Duration(share)),
		atMostFor("recovery", r.plain.recovery, r.ours.recovery, max(mostRecovery+r.pace, r.plain.recovery+r.plain.recovery/5/time.Duration(share))),
	}
}

// missed returns the bounds that ours does not keep.
func (r row) missed() (missed []bound) {
	for _, b := range r.bounds() {
		if !b.kept {
			missed = append(missed, b)
		}
	}
	return missed
}

func (r row) String() string {
	var words []string
	for _, b := range r.missed() {
		words = append(words, b.words)
	}
	return r.fault + ", " + r.library + ": " + strings.Join(words, "; ")
}

// line returns the row as the table has it.
func (r row) line() string {
	cells := []string{
		r.fault, r.library, pair(count(r.plain.errors), count(r.ours.errors)),
		pair(count(r.plain.successes), count(r.ours.successes)), pair(count(r.plain.dials), count(r.ours.dials)),
		pair(seconds(r.plain.wait), seconds(r.ours.wait)), pair(seconds(r.plain.recovery), seconds(r.ours.recovery)), r.verdict(),
	}
	return "| " + strings.Join(cells, " | ") + " |"
}

// verdict returns the last column of the table.
func (r row) verdict() string {
	var names []string
	for _, b := range r.missed() {
		names = append(names, b.name)
	}
	if len(names) > 0 {
		return notMet + ": " + strings.Join(names, ", ")
	}
	return strings.Join(append([]string{met}, r.better()...), "; ")
}

const met, notMet = "met", "not met"

// better returns by how much ours is better than plain: where plain would not keep the bounds if ours were the measure.
func (r row) better() (words []string) {
	fewer := func(what string, plain, ours int) {
		if plain > ours*12/10+r.callers {
			words = append(words, fmt.Sprintf("%d %% fewer %s", 100-100*ours/plain, what))
		}
	}
	fewer("errors", r.plain.errors, r.ours.errors)
	fewer("dials", r.plain.dials, r.ours.dials)
	if r.ours.successes*95/100 > r.plain.successes {
		words = append(words, fmt.Sprintf("%d %% more calls", 100*r.ours.successes/max(1, r.plain.successes)-100))
	}
	sooner := func(what string, plain, ours time.Duration) {
		if plain > ours+moreWait {
			words = append(words, seconds(plain-ours)+" "+what)
		}
	}
	sooner("less in a dial", r.plain.wait, r.ours.wait)
	sooner("sooner back", r.plain.recovery, r.ours.recovery)
	return words
}

// count writes a number with commas.
func count(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
