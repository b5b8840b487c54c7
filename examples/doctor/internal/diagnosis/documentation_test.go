package diagnosis_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/examples/doctor/internal/diagnosis"
)

var update = flag.Bool("update", false, "write the tables of docs/doctor.md")

// The tables of the page are those of the program.
func TestPageHasTheTables(t *testing.T) {
	page := filepath.Join("..", "..", "..", "..", "docs", "doctor.md")
	written, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	want := string(written)
	for name, table := range map[string]string{"sample": sample(t), "steps": stepTable(), "causes": causeList(), "commands": commandTable()} {
		want = within(t, want, name, table)
	}
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(string(written), "\n")); diff != "" {
		t.Errorf("docs/doctor.md is not up to date, run go test ./examples/doctor/internal/diagnosis -run Page -update\n%s", diff)
	}
}

// within puts text between the two comments of that name.
func within(t *testing.T, page, name, text string) string {
	t.Helper()
	begin, end := "<!-- "+name+": generated -->\n", "<!-- "+name+": end -->"
	before, rest, hasBegin := strings.Cut(page, begin)
	_, after, hasEnd := strings.Cut(rest, end)
	if !hasBegin || !hasEnd {
		t.Fatalf("docs/doctor.md has no place for the %s", name)
	}
	return before + begin + text + end + after
}

// sample is a report about an identity without an assignment.
func sample(t *testing.T) string {
	t.Helper()
	const latency = 3 * time.Millisecond
	report := stage{
		answered: func() string { return "WorkloadIdentityCredential" },
		entra:    entratest.Fault{Delay: 100 * latency}, network: entratest.NetworkFault{Delay: latency},
		faults: []entratest.WireFault{{Delay: latency}, {RefuseAuth: entratest.AzureCache().WrongPassword}},
	}.examine(t)
	return "```text\n" + text(t, report) + "```\n"
}

func stepTable() string {
	var b strings.Builder
	b.WriteString("| step | needs | finds out |\n|---|---|---|\n")
	for _, p := range diagnosis.Plans() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", p.Name, strings.Join(p.Needs, ", "), p.Finds)
	}
	return b.String()
}

func causeList() string {
	var b strings.Builder
	for _, plan := range diagnosis.Plans() {
		first := true
		for _, c := range diagnosis.Causes() {
			if c.Step != plan.Name {
				continue
			}
			if first {
				fmt.Fprintf(&b, "\n### Found by the step %s\n", plan.Name)
				first = false
			}
			b.WriteString(causeText(c))
		}
	}
	return b.String() + "\n"
}

func causeText(c diagnosis.Cause) string {
	general := c.General()
	var b strings.Builder
	fmt.Fprintf(&b, "\n**`%s`**: %s. Remedy: %s.", c.ID, general.Says, general.Remedy)
	if len(c.Codes) > 0 {
		fmt.Fprintf(&b, " Codes: %s.", strings.Join(c.Codes, ", "))
	}
	b.WriteString("\n")
	if len(general.Commands) > 0 {
		fmt.Fprintf(&b, "\n```sh\n%s\n```\n", strings.Join(general.Commands, "\n"))
	}
	return b.String()
}

func commandTable() string {
	var b strings.Builder
	b.WriteString("| command | sent by | where it is forbidden |\n|---|---|---|\n")
	for _, c := range diagnosis.FirstCommands() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.Name, c.Sender, c.Without)
	}
	return b.String()
}
