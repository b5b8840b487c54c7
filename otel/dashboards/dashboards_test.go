package dashboards_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
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
	picture, err := os.ReadFile("../../docs/images/dashboard.svg")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(board.Dashboard().Drawing()), string(picture)); diff != "" {
		t.Errorf("docs/images/dashboard.svg is old, run go generate ./otel/dashboards (-structs +file):\n%s", diff)
	}
}

func TestCallersCannotChangeTheDashboard(t *testing.T) {
	clear(dashboards.JSON())
	if !json.Valid(dashboards.JSON()) {
		t.Error("a caller's change of the bytes is seen by the next one")
	}
}

func TestDrawingIsWellFormed(t *testing.T) {
	decoder := xml.NewDecoder(strings.NewReader(string(board.Dashboard().Drawing())))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestPanelsFillTheGridWithoutOverlap(t *testing.T) {
	taken := map[[2]int]string{}
	ids := map[int]bool{}
	for _, p := range board.Dashboard().Panels {
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

func TestEveryPanelSaysWhatToDo(t *testing.T) {
	titles := map[string]bool{}
	for _, p := range board.Dashboard().Panels {
		titles[p.Title] = true
	}
	runbook, err := os.ReadFile("../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range board.Dashboard().Panels {
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

// What breaks with a library upgrade, on another data source, or when the scrape interval changes.
func TestQueriesSurviveUpgradesAndUseTheVariables(t *testing.T) {
	for _, p := range board.Dashboard().Panels {
		for _, q := range p.Targets {
			if strings.Contains(q.Expr, "otel_scope") {
				t.Errorf("%s: tells versions of the library apart: %s", p.Title, q.Expr)
			}
			if q.Datasource.UID != "${datasource}" {
				t.Errorf("%s: asks %s", p.Title, q.Datasource.UID)
			}
			for _, window := range regexp.MustCompile(`\[([^\]$]+)\]`).FindAllStringSubmatch(strings.ReplaceAll(q.Expr, "[.]", ""), -1) {
				t.Errorf("%s: a window of its own, %s: %s", p.Title, window[1], q.Expr)
			}
			if !strings.Contains(q.Expr, `job=~"$job"`) || !strings.Contains(q.Expr, `instance=~"$instance"`) {
				t.Errorf("%s: does not heed job and instance: %s", p.Title, q.Expr)
			}
			if !strings.Contains(q.Expr, `_token_time_to_expiry`) && !strings.Contains(q.Expr, "entraredis_token_re") && !strings.Contains(q.Expr, `=~"$pool"`) {
				t.Errorf("%s: does not heed pool: %s", p.Title, q.Expr)
			}
		}
	}
}
