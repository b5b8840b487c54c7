package neverworse_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

const page = "../../docs/never-worse.md"

const introduction = `# Never worse than a password

In no situation is a service worse off with this library than the same client is with a static password, except that it
may not have a token yet, and that it does not send one to a server which has not proved who it is.

` + "`make never-worse`" + ` writes this page. Each fault is played to each client library twice at the same time: to a client that
logs in with a static user and password ("plain"), and to one with the same options that logs in with this library
("ours"). Both talk to the same fake server, which counts a share of the logins for each of them where a fault strikes a
part. 20 callers on each side call four times a second, with a context of 3 seconds, unless the fault says something else.
All of it happens in virtual time, with tokens of 75 minutes.

Each cell holds plain / ours. Errors, successful calls and dials are sums of five runs, waits and recoveries are the
longest of the five. Each run counts from a second before the fault, or from the first call, to a minute after the end of
the fault. A recovery ends when every caller is served and sees no error any more. Ours must keep these bounds:

- errors and dials: plain's and a fifth, and one for each caller
- successful calls: 95 % of plain's
- longest wait in a dial: plain's and a second
- recovery from the end of the fault, or until the connections are there: 5 seconds and the pause of a caller between two
  calls, or plain's and a fifth if that is longer

While a server refuses every login, ours probes it every 5 seconds at most, and plain dials all the time. So plain is back
sooner, and has calls more in these seconds: the recovery shows how many seconds they are.

"met" is followed by how much better ours is, where it is. "not met" is followed by the bounds that ours does not keep, and
a row becomes "met" when ours makes do with half of each allowance, so that a number close to a bound does not change it
from run to run. The numbers are those of one day, for the libraries draw random numbers of their own. Tests compare the
verdicts with this page.

The time of the processor cannot be measured in virtual time. So ` + "`make unpaused`" + ` has callers that never pause meet
a server that refuses every login in real time. It prints the errors a second that they see, and what that costs, and
fails if ours see more.

`

const head = "| fault | client | errors | successful calls | dials | longest wait in a dial | recovery | verdict |\n" +
	"|---|---|---|---|---|---|---|---|\n"

// render returns the page.
func render(rows []row) string {
	var b strings.Builder
	unmet := 0
	for _, r := range rows {
		b.WriteString(r.line() + "\n")
		if len(r.missed()) > 0 {
			unmet++
		}
	}
	return introduction + fmt.Sprintf("%d of %d rows are met.\n\n", len(rows)-unmet, len(rows)) + head + b.String() + reasons()
}

// reasons returns why rows are not met.
func reasons() string {
	var b strings.Builder
	for _, u := range unmet() {
		fmt.Fprintf(&b, "- **%s** (%s): %s\n", u.fault, strings.Join(u.libraries, ", "), u.why)
	}
	if b.Len() == 0 {
		return ""
	}
	return "\n## What is not met, and why\n\n" + b.String()
}

func pair(plain, ours string) string { return plain + " / " + ours }

// checkPage compares the verdicts of a run with those of the page, or writes the page. In fewer runs than the page has, a
// row that is not met may be met by chance.
func checkPage(t *testing.T, rows []row) {
	t.Helper()
	if *update {
		if *runs != pageRuns {
			t.Fatalf("the page has the sums of %d runs: run make never-worse", pageRuns)
		}
		if err := os.WriteFile(page, []byte(render(rows)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const again = "run make never-worse"
	if !strings.HasPrefix(string(text), introduction) {
		t.Errorf("%s begins with another text: %s", page, again)
	}
	if !strings.HasSuffix(string(text), reasons()) {
		t.Errorf("%s ends with other reasons than unmet_test.go: %s", page, again)
	}
	got, want := verdicts(string(text)), verdicts(render(rows))
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] && !(got[name] == notMet && *runs < pageRuns) {
			t.Errorf("%s: %s says %q, this run says %q: %s", name, page, got[name], want[name], again)
		}
	}
	for name := range got {
		if _, known := want[name]; !known {
			t.Errorf("%s has a row %q that was not run: %s", page, name, again)
		}
	}
}

// verdicts returns "met" or "not met" for each row of a page.
func verdicts(text string) map[string]string {
	found := map[string]string{}
	_, table, _ := strings.Cut(text, head)
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		verdict := met
		if strings.HasPrefix(cells[len(cells)-1], notMet) {
			verdict = notMet
		}
		found[strings.Join(cells[:min(2, len(cells))], ", ")] = verdict
	}
	return found
}
