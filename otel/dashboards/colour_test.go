package dashboards_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/otel/dashboards/internal/board"
	"github.com/entraredis/entraredis/otel/dashboards/internal/grafana"
)

// Every value that docs/observability.md lists for a label has a colour, and each colour is of a value.
func TestEveryValueHasAColour(t *testing.T) {
	docs, err := os.ReadFile("../../docs/observability.md")
	if err != nil {
		t.Fatal(err)
	}
	for label, hues := range board.Hues() {
		colours := map[string]bool{}
		for _, h := range hues {
			if colours[h.Color] {
				t.Errorf("%s: two values are %s", label, h.Color)
			}
			colours[h.Color] = true
			// renewed and failed are sums of values; the docs do not list codes and triggers one by one.
			if label != "db_response_status_code" && label != "entraredis_token_refresh_trigger" && h.Name != "renewed" && h.Name != "failed" && !strings.Contains(string(docs), "`"+h.Name+"`") {
				t.Errorf("%s: docs/observability.md knows no value %s", label, h.Name)
			}
		}
	}
}

// What is bad is neither green nor left to the palette, which begins with green.
func TestNothingBadIsGreen(t *testing.T) {
	wrong := []string{
		"at_risk", "expired", "WRONGPASS", "NOAUTH", "NOPERM", "ERR", "_OTHER", "forced", "retry",
		"rejected", "malformed", "throttled", "network", "timed_out", "auth_rejected", "auth_timeout", "token_expired", "protocol",
	}
	seen := map[string]bool{}
	for _, hues := range board.Hues() {
		for _, h := range hues {
			seen[h.Name] = true
			if slices.Contains(wrong, h.Name) && (strings.Contains(h.Color, "green") || strings.Contains(h.Color, "blue")) {
				t.Errorf("%s is %s", h.Name, h.Color)
			}
		}
	}
	for _, name := range wrong {
		if !seen[name] {
			t.Errorf("%s has no colour of its own", name)
		}
	}
}

// A graph whose legend is the value of a label has that label's colours.
func TestGraphsByLabelHaveItsColours(t *testing.T) {
	graphs := 0
	for _, p := range board.Dashboard().All() {
		if p.Type != grafana.TimeSeries {
			continue
		}
		for _, q := range p.Targets {
			match := regexp.MustCompile(`^\{\{(\w+)\}\}$`).FindStringSubmatch(q.LegendFormat)
			if match == nil {
				continue
			}
			if match[1] == "db_client_connection_pool_name" { // pools have names of the reader's
				if color := p.FieldConfig.Defaults.Color; strings.Contains(p.Title, "refuse") && color != (grafana.Color{Mode: "shades", FixedColor: "red"}) {
					t.Errorf("%s: pools that are refused have the colours %v", p.Title, color)
				}
				continue
			}
			graphs++
			for _, h := range board.Hues()[match[1]] {
				if !slices.ContainsFunc(p.FieldConfig.Overrides, func(o grafana.Override) bool { return o.Matcher.Options == h.Name }) {
					t.Errorf("%s: %s has a colour of the palette", p.Title, h.Name)
				}
			}
			if len(board.Hues()[match[1]]) == 0 {
				t.Errorf("%s: the values of %s have no colours", p.Title, match[1])
			}
		}
	}
	if graphs < 6 {
		t.Errorf("only %d graphs by label", graphs)
	}
}

// An empty cell is well, and the lowest values of some columns are the worst.
func TestEmptyCellsHaveNoColour(t *testing.T) {
	columns := 0
	for _, p := range board.Dashboard().All() {
		if p.Type != grafana.TableType {
			continue
		}
		for _, o := range p.FieldConfig.Overrides {
			for _, property := range o.Properties {
				if property.ID != "mappings" {
					continue
				}
				columns++
				mappings, _ := property.Value.([]grafana.Mapping)
				if !slices.ContainsFunc(mappings, func(m grafana.Mapping) bool {
					return m.Options["match"] == "null+nan" && m.Options["result"] == grafana.MappingResult{Color: "transparent"}
				}) {
					t.Errorf("%s: an empty cell has the colour of the lowest value", o.Matcher.Options)
				}
			}
		}
	}
	if columns != 5 {
		t.Errorf("%d columns of values, want 5", columns)
	}
}
