package diagnosis_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/examples/doctor/internal/diagnosis"
)

func TestEachCauseIsInjectedByATest(t *testing.T) {
	injected := map[string]bool{}
	for _, m := range misconfigurations() {
		injected[m.cause] = true
	}
	for _, c := range clusterCases() {
		injected[c.cause] = true
	}
	delete(injected, "") // where nothing is wrong
	for _, c := range diagnosis.Causes() {
		if !injected[c.ID] {
			t.Errorf("no test injects %s", c.ID)
		}
		delete(injected, c.ID)
	}
	for id := range injected {
		t.Errorf("%s is twice in the table, or not at all", id)
	}
}

func TestCausesAreSentencesThatAReportCanUse(t *testing.T) {
	isStep := map[string]bool{}
	for _, plan := range diagnosis.Plans() {
		isStep[plan.Name] = true
	}
	id := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	for _, c := range diagnosis.Causes() {
		if !id.MatchString(c.ID) || !isStep[c.Step] {
			t.Errorf("%s: the id or the step %q cannot be", c.ID, c.Step)
		}
		general := c.General()
		for _, sentence := range append([]string{general.Says, general.Remedy}, general.Commands...) {
			if sentence == "" || strings.HasSuffix(sentence, ".") || strings.ContainsAny(sentence, "{\n") {
				t.Errorf("%s: %q is no sentence that a full stop can follow", c.ID, sentence)
			}
		}
	}
}

// core/entra tells programs what each code means, and this program tells no less.
func TestEachCodeThatTheLibraryExplainsHasACause(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "core", "entra", "remedy.go"))
	if err != nil {
		t.Fatal(err)
	}
	_, explained, _ := strings.Cut(string(source), "func remedyForCode(")
	explained, _, _ = strings.Cut(explained, "\n}\n")
	codes := regexp.MustCompile(`"(AADSTS\d+)"`).FindAllStringSubmatch(explained, -1)
	if len(codes) < 30 {
		t.Fatalf("found only %d codes", len(codes))
	}
	known := map[string]string{}
	for _, c := range diagnosis.Causes() {
		for _, code := range c.Codes {
			if known[code] != "" {
				t.Errorf("%s means both %s and %s", code, known[code], c.ID)
			}
			known[code] = c.ID
		}
	}
	for _, code := range codes {
		if known[code[1]] == "" {
			t.Errorf("%s has no cause", code[1])
		}
	}
}

// Names come from servers and tokens. A reader pastes the commands into a shell.
func TestCommandsHoldNothingThatAShellWouldRun(t *testing.T) {
	report := stage{user: "$(reboot)"}.examine(t)
	for _, step := range report.Steps {
		if step.Finding == nil {
			continue
		}
		for _, command := range step.Finding.Commands {
			if strings.Contains(command, "reboot") {
				t.Errorf("%s: %s", step.Name, command)
			}
		}
	}
	report = stage{addr: "a;reboot;.redis.cache.windows.net:6380", isAbsent: true}.examine(t)
	if shown := strings.Join(report.Steps[4].Finding.Commands, "\n"); !strings.Contains(shown, "CACHE") || strings.Contains(shown, "reboot") {
		t.Errorf("tcp: %s", shown)
	}
}
