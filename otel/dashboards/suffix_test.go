package dashboards_test

import (
	"encoding/json"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/otel/dashboards"
)

var metric = regexp.MustCompile(`\bentraredis_\w+`)

// A Collector with add_metric_suffixes: false writes names without unit and _total.
func TestGeneratorWritesPlainNames(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "run", "./generate", "-plain-names").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(out) {
		t.Fatal("it is no JSON")
	}
	got := metric.FindAllString(string(out), -1)
	want := metric.FindAllString(string(dashboards.JSON()), -1)
	if len(got) != len(want) {
		t.Fatalf("%d names, want %d", len(got), len(want))
	}
	changed := map[string]string{}
	for i := range want {
		if got[i] != want[i] {
			changed[want[i]] = got[i]
		}
	}
	for from, to := range map[string]string{
		"entraredis_token_renewals_total":                    "entraredis_token_renewals",
		"entraredis_token_time_to_expiry_seconds":            "entraredis_token_time_to_expiry",
		"entraredis_connection_time_to_expiry_min_seconds":   "entraredis_connection_time_to_expiry_min",
		"entraredis_connection_auth_duration_seconds_bucket": "entraredis_connection_auth_duration_bucket",
		"entraredis_connection_auth_duration_seconds_count":  "entraredis_connection_auth_duration_count",
	} {
		if changed[from] != to {
			t.Errorf("%s became %q, want %s", from, changed[from], to)
		}
	}
	for _, name := range got {
		if strings.Contains(name, "_seconds") || strings.HasSuffix(name, "_total") {
			t.Errorf("%s has a suffix", name)
		}
	}
	if slices.Contains(got, "entraredis_token_refresh") || changed["entraredis_token_refresh_trigger"] != "" {
		t.Errorf("labels have changed: %v", changed)
	}
}
