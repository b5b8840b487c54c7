package dashboards_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/otel/dashboards"
	"github.com/entraredis/entraredis/otel/dashboards/internal/board"
	"github.com/entraredis/entraredis/otel/dashboards/internal/grafana"
	"github.com/google/go-cmp/cmp"
)

func TestCommittedFilesAreWhatTheStructsSay(t *testing.T) {
	want, err := board.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(dashboards.JSON())); diff != "" {
		t.Errorf("entraredis.json is old, run go generate ./otel/dashboards (-structs +file):\n%s", diff)
	}
	manifest, err := os.ReadFile("../grafanadashboard.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(board.Manifest(want)), string(manifest)); diff != "" {
		t.Errorf("grafanadashboard.yaml is old, run go generate ./otel/dashboards (-structs +file):\n%s", diff)
	}
}

func TestCallersCannotChangeTheDashboard(t *testing.T) {
	clear(dashboards.JSON())
	if !json.Valid(dashboards.JSON()) {
		t.Error("a caller's change of the bytes is seen by the next one")
	}
}

func TestPanelsFillTheGridWithoutOverlap(t *testing.T) {
	taken := map[[2]int]string{}
	ids := map[int]bool{}
	for _, p := range board.Dashboard().All() {
		if ids[p.ID] {
			t.Errorf("%s: number %d is taken", p.Title, p.ID)
		}
		ids[p.ID] = true
		at := p.GridPos
		if at.X < 0 || at.X+at.W > grafana.Width {
			t.Errorf("%s: reaches beyond the grid: %+v", p.Title, at)
		}
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				if other, ok := taken[[2]int{x, y}]; ok {
					t.Fatalf("%s lies on %s", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
	for at, title := range taken {
		if _, ok := taken[[2]int{grafana.Width - 1, at[1]}]; !ok {
			t.Fatalf("the line of %s does not reach the right edge", title)
		}
	}
}

// A row that is collapsed holds its panels, and only such a row: else Grafana loses them, or asks for them unseen.
func TestCollapsedRowsHoldTheirPanels(t *testing.T) {
	collapsed := 0
	for _, p := range board.Dashboard().Panels {
		if p.Type != grafana.Row {
			continue
		}
		if *p.Collapsed {
			collapsed++
		}
		if *p.Collapsed != (len(p.Panels) > 0) {
			t.Errorf("%s: collapsed is %t with %d panels in it", p.Title, *p.Collapsed, len(p.Panels))
		}
	}
	if collapsed == 0 {
		t.Error("no row is collapsed")
	}
}

func TestEveryPanelSaysWhatToDo(t *testing.T) {
	titles := map[string]bool{}
	for _, p := range board.Dashboard().All() {
		if p.Type != grafana.Row && titles[p.Title] {
			t.Errorf("two panels are called %s", p.Title)
		}
		titles[p.Title] = true
	}
	runbook, err := os.ReadFile("../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range board.Dashboard().All() {
		if p.Type == grafana.Row {
			continue
		}
		if len(p.Description) < 100 {
			t.Errorf("%s: the description is too short to help: %q", p.Title, p.Description)
		}
		for _, quoted := range regexp.MustCompile(`"([A-Z][^"]+)"`).FindAllStringSubmatch(p.Description, -1) {
			if !titles[quoted[1]] {
				t.Errorf("%s: no panel is called %q", p.Title, quoted[1])
			}
		}
		for _, alert := range regexp.MustCompile(`EntraRedis\w+`).FindAllString(p.Description, -1) {
			if !strings.Contains(string(runbook), "\n## "+alert+"\n") {
				t.Errorf("%s: docs/runbook.md has no section %s", p.Title, alert)
			}
		}
	}
}

// docs/runbook.md sends its readers to panels.
func TestRunbookNamesPanelsThatThereAre(t *testing.T) {
	titles := map[string]bool{}
	for _, p := range board.Dashboard().All() {
		titles[p.Title] = true
	}
	runbook, err := os.ReadFile("../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`"([A-Z][^":]+)"`).FindAllStringSubmatch(string(runbook), -1)
	if len(named) < 5 {
		t.Fatalf("the runbook names only %d panels", len(named))
	}
	for _, quoted := range named {
		if title := strings.Join(strings.Fields(quoted[1]), " "); !titles[title] {
			t.Errorf("docs/runbook.md: no panel is called %q", title)
		}
	}
}

// What lies in a histogram may be switched off, so no answer may depend on it.
func TestHistogramsAreInCollapsedRows(t *testing.T) {
	for _, p := range board.Dashboard().Panels {
		for _, q := range p.Targets {
			if regexp.MustCompile(`_(bucket|sum|count)\{`).MatchString(q.Expr) {
				t.Errorf("%s: asks a histogram in a row that is open: %s", p.Title, q.Expr)
			}
		}
		for _, hidden := range p.Panels {
			for _, q := range hidden.Targets {
				if strings.Contains(q.Expr, "_bucket{") && !strings.Contains(hidden.Description, "From the histogram entraredis.") {
					t.Errorf("%s: does not say that it is empty without its histogram", hidden.Title)
				}
			}
		}
	}
}
