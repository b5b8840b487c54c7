package main_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/otel/dashboards"
)

// The dashboard's file, as far as the tests look at it.
type dashboardFile struct {
	Panels      []dashboardPanel
	Templating  struct{ List []struct{ Query any } }
	Annotations struct {
		List []struct {
			Target struct{ Expr, Interval string }
		}
	}
}

type dashboardPanel struct {
	Title         string
	MaxDataPoints int
	Targets       []struct {
		Expr    string
		Instant bool
	}
	Panels []dashboardPanel
}

func readDashboard(t *testing.T) dashboardFile {
	t.Helper()
	var d dashboardFile
	if err := json.Unmarshal(dashboards.JSON(), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// A query is one of the dashboard's, with the values that Grafana puts in for its variables.
type query struct {
	title, expr string
	points      int // for how many times it is asked
	window      time.Duration
}

// What the dashboard shows at first, and how often services are scraped.
const (
	shown          = 3 * time.Hour
	scrapeInterval = 30 * time.Second
)

func dashboardQueries(t *testing.T) []query {
	t.Helper()
	d := readDashboard(t)
	// Grafana takes at least four scrapes for a rate, which are a second apart here.
	chosen := strings.NewReplacer("$__rate_interval", "8s", "$cluster", ".*", "$namespace", ".*", "$job", ".+", "$pod", ".*",
		"$instance", ".*", "$pool", ".*")
	var all []query
	add := func(title, expr string, points int) {
		q := query{title: title, expr: chosen.Replace(expr), points: points}
		if strings.Contains(q.expr, "$") {
			t.Errorf("%s: a variable is left: %s", title, q.expr)
		}
		switch {
		case strings.Contains(expr, "$__rate_interval"):
			q.window = max(shown/time.Duration(points)+scrapeInterval, 4*scrapeInterval)
		case strings.Contains(expr, "["):
			own, err := time.ParseDuration(regexp.MustCompile(`\[(\w+)\]`).FindStringSubmatch(expr)[1])
			if err != nil {
				t.Fatal(err)
			}
			q.window = own
		}
		all = append(all, q)
	}
	for _, p := range d.Panels {
		for _, p := range append([]dashboardPanel{p}, p.Panels...) {
			for _, target := range p.Targets {
				points := p.MaxDataPoints
				if target.Instant {
					points = 1
				} else if points == 0 {
					t.Fatalf("%s: as many points as it is wide", p.Title)
				}
				add(p.Title, target.Expr, points)
			}
		}
	}
	for _, a := range d.Annotations.List {
		step, err := time.ParseDuration(a.Target.Interval)
		if err != nil {
			t.Fatal(err)
		}
		// An alert waits for a minute before it fires, but it is pending as soon as its expression is true.
		add("annotations", strings.Replace(a.Target.Expr, `"firing"`, `"pending"`, 1), int(shown/step))
	}
	if len(all) < 40 {
		t.Fatalf("only %d expressions", len(all))
	}
	return all
}

type variable struct{ selector, label string }

func dashboardVariables(t *testing.T) []variable {
	t.Helper()
	chosen := strings.NewReplacer("$cluster", ".*", "$namespace", ".*", "$job", ".+", "$pod", ".*", "$instance", ".*")
	var all []variable
	var labels []string
	for _, v := range readDashboard(t).Templating.List {
		asked, ok := v.Query.(map[string]any)
		if !ok {
			continue // a data source
		}
		text, _ := asked["query"].(string)
		match := regexp.MustCompile(`^label_values\((.+), (\w+)\)$`).FindStringSubmatch(text)
		if match == nil {
			t.Fatalf("not understood: %s", text)
		}
		all = append(all, variable{chosen.Replace(match[1]), match[2]})
		labels = append(labels, match[2])
	}
	if want := []string{"cluster", "namespace", "job", "pod", "instance", "db_client_connection_pool_name"}; !slices.Equal(labels, want) {
		t.Errorf("variables of %v, want %v", labels, want)
	}
	return all
}

// A fleet of 300 services with 50 pods each.
const fleet = 15_000

// tooMany is how many samples a query of Prometheus may have in memory by default.
const tooMany = 50_000_000

var selectors = regexp.MustCompile(`\b(?:entraredis_\w+|ALERTS)\{[^}]*\}`)

// checkCost asks Prometheus how many series of one pod each query selects, and computes what it would have in memory for
// a fleet: for each series a value for every point, and the samples of the window. The pod has been in every kind of
// trouble, so that it has more series than most.
func checkCost(t *testing.T, prom *prometheus) {
	t.Helper()
	dearest := query{}
	var most int
	for _, q := range dashboardQueries(t) {
		series := 0
		for _, selector := range selectors.FindAllString(q.expr, -1) {
			n, err := prom.count(t.Context(), selector)
			if err != nil {
				t.Fatalf("%s: %v", selector, err)
			}
			series += n
		}
		samples := fleet * series * (q.points + int(q.window/scrapeInterval))
		if samples > most {
			dearest, most = q, samples
		}
		if samples > tooMany {
			t.Errorf("%s: %d series a pod are %d samples for %d pods, over %d: %s", q.title, series, samples, fleet, tooMany, q.expr)
		}
	}
	if most == 0 {
		t.Error("no query selects anything")
	}
	t.Logf("dearest is %q with %d samples for %d pods", dearest.title, most, fleet)
}
