package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/entraredis/entraredis/otel/alerts"
)

const interval = 30 * time.Second // of scraping and of the rules, as kube-prometheus has it

// A monitor is a Prometheus that scrapes the services, with our rules.
type monitor struct {
	url string
	end func() error
}

func startPrometheus(ctx context.Context, dir string, scrape time.Duration, services []*service) (*monitor, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	rules, config := filepath.Join(dir, "rules.yaml"), filepath.Join(dir, "prometheus.yaml")
	if err := os.WriteFile(rules, alerts.Rules(), 0o600); err != nil {
		return nil, err
	}
	text := fmt.Sprintf("global: {scrape_interval: %[1]v, evaluation_interval: %[1]v}\nrule_files: [%[2]q]\nscrape_configs:\n", scrape, rules)
	for _, s := range services {
		text += fmt.Sprintf("  - job_name: %s\n    static_configs: [{targets: [%q], labels: {cluster: local, namespace: shop, pod: %s-0}}]\n", s.job, s.listen, s.job)
	}
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "prometheus", "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "tsdb"),
		"--web.listen-address="+addr, "--log.level=warn")
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &monitor{"http://" + addr, cmd.Wait}, nil
}

// A series is one with all its samples.
type series struct {
	Metric map[string]string
	Values [][2]any // Unix seconds, and the value as a string
}

func (p *monitor) samples(ctx context.Context, selector string) ([]series, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/api/v1/query?"+url.Values{"query": {selector + "[1h]"}}.Encode(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var answer struct {
		Error string
		Data  struct{ Result []series }
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if answer.Error != "" {
		return nil, fmt.Errorf("%s: %s", selector, answer.Error)
	}
	return answer.Data.Result, nil
}

// each calls f with every sample of a series, in order, and the one before it: NaN for the first.
func (s series) each(f func(at time.Time, before, v float64)) error {
	before := math.NaN()
	for _, sample := range s.Values {
		seconds, ok := sample[0].(float64)
		text, isText := sample[1].(string)
		v, err := strconv.ParseFloat(text, 64)
		if !ok || !isText || err != nil {
			return fmt.Errorf("not a sample: %v", sample)
		}
		f(time.UnixMilli(int64(math.Round(seconds*1000))), before, v)
		before = v
	}
	return nil
}

// A question is asked of one metric. What it says is a growth of a counter, or a value that holds.
type question struct {
	metric, label string // label tells the series apart
	says          string
	holds         func(v float64) bool // nil for a counter
}

func questions() []question {
	positive := func(v float64) bool { return v > 0 }
	expired := func(v float64) bool { return v <= 0 }
	return []question{
		{"up", "", "is 0", expired},
		{"entraredis_token_time_to_expiry_seconds", "", "is 0 or less", expired},
		{"entraredis_token_refresh_consecutive_failures", "", "is above 0", positive},
		{"entraredis_token_request_failures_total", "error_type", "grows", nil},
		{"entraredis_token_renewals_total", "entraredis_token_refresh_trigger", "grows", nil},
		{"entraredis_connection_auth_refusing", "", "is above 0", positive},
		{"entraredis_connection_auth_refusals_total", "db_response_status_code", "grows", nil},
		{"entraredis_connection_active", "entraredis_connection_token_state", "is above 0", positive},
		{"entraredis_connection_time_to_expiry_min_seconds", "", "is 0 or less", expired},
		{"entraredis_connection_retirements_total", "entraredis_connection_retire_reason", "grows", nil},
		{"entraredis_connection_reconnections_total", "entraredis_connection_retire_reason", "grows", nil},
		{"entraredis_rotation_window_seconds", "", "is above 0", positive},
		{"entraredis_rotation_pending", "", "is above 0", positive},
	}
}

// ask notes what metrics and alerts said about the service.
func (p *monitor) ask(ctx context.Context, s *service) error {
	for _, q := range questions() {
		all, err := p.samples(ctx, fmt.Sprintf("%s{job=%q}", q.metric, s.job))
		if err != nil {
			return err
		}
		for _, one := range all {
			of := one.Metric[q.label]
			if of == "current" || of == "stale" { // these connections are well
				continue
			}
			what := "`" + strings.Join(slices.DeleteFunc([]string{q.metric, of}, func(s string) bool { return s == "" }), " ") + "` " + q.says
			if len(s.caches) > 1 && one.Metric["db_client_connection_pool_name"] != "" {
				what += " for " + one.Metric["db_client_connection_pool_name"]
			}
			if err := one.each(func(at time.Time, before, v float64) {
				if q.holds == nil {
					if n := growth(before, v); n > 0 {
						s.record.note(metrics, what, at, n, 0)
					}
				} else if q.holds(v) {
					s.record.note(metrics, what, at, 0, max(0, v))
				}
			}); err != nil {
				return err
			}
		}
	}
	all, err := p.samples(ctx, fmt.Sprintf("ALERTS{job=%q}", s.job))
	if err != nil {
		return err
	}
	for _, one := range all {
		what := one.Metric["alertname"] + " (" + one.Metric["severity"] + ") is " + one.Metric["alertstate"]
		if len(s.caches) > 1 && one.Metric["db_client_connection_pool_name"] != "" {
			what += " for " + one.Metric["db_client_connection_pool_name"]
		}
		if err := one.each(func(at time.Time, _, _ float64) { s.record.note(alert, what, at, 0, 0) }); err != nil {
			return err
		}
	}
	return nil
}

// growth is by how much a counter grew from one sample to the next, as increase of Prometheus sees it: a counter that has
// fallen began anew with 0, and one that is born above 0 has not grown.
func growth(before, v float64) float64 {
	switch {
	case math.IsNaN(before):
		return 0
	case v < before:
		return v
	default:
		return v - before
	}
}

// alertNames returns the names of all alerts of the rules.
func alertNames() []string {
	names := map[string]bool{}
	for line := range strings.Lines(string(alerts.Rules())) {
		if _, name, ok := strings.Cut(line, "- alert: "); ok {
			names[strings.TrimSpace(name)] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
