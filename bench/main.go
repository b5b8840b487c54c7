// Command bench measures what logging in with Entra tokens costs, and what it saves, beside what one would do otherwise,
// and writes docs/benchmarks.md. Run make bench, or make bench-quick, which writes nothing.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/entraredis/entraredis/bench/connections"
	"github.com/entraredis/entraredis/bench/fleet"
	"github.com/entraredis/entraredis/bench/internal/azure"
	"github.com/entraredis/entraredis/bench/internal/machine"
	"github.com/entraredis/entraredis/bench/internal/report"
	"github.com/entraredis/entraredis/bench/outage"
	"github.com/entraredis/entraredis/bench/overhead"
	"github.com/entraredis/entraredis/bench/rotation"
)

// comparisons are measured and shown in this order.
func comparisons() []comparison {
	return []comparison{
		compare("overhead", overhead.Measure),
		compare("rotation", rotation.Measure),
		compare("outage", outage.Measure),
		compare("connections", connections.Measure),
		compare("fleet", fleet.Measure),
	}
}

func main() {
	if azure.Serve() || connections.Serve() || overhead.Serve() {
		return
	}
	quick := flag.Bool("quick", false, "measure less, in two minutes, print the page and write nothing")
	only := flag.String("only", "", "names of comparisons, separated by commas; the others keep the results in -results. none: write the page anew")
	docs := flag.String("docs", "../docs", "folder of the page")
	results := flag.String("results", "results", "folder of the raw results")
	flag.Parse()
	redis.SetLogger(silent{}) // the peers' troubles are counted
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, report.Folder(*docs), report.Results(*results), *quick, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, docs report.Folder, results report.Results, quick bool, only string) error {
	all := comparisons()
	chosen, err := choose(all, only)
	if err != nil {
		return err
	}
	here, err := machine.Look(ctx)
	if err != nil {
		return err
	}
	var sections []report.Section
	for _, c := range all {
		section, err := c.section(ctx, results, quick, slices.Contains(chosen, c.name))
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		if section != nil {
			sections = append(sections, *section)
		}
	}
	if quick {
		fmt.Println(report.Markdown("Benchmarks", here.String(), sections))
		return nil
	}
	if err := results.Save("machine", here); err != nil {
		return err
	}
	return docs.Page("Benchmarks", introduction(here), sections)
}

// silent discards the log.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// choose returns the names that were asked for.
func choose(all []comparison, only string) ([]string, error) {
	var names []string
	for _, c := range all {
		names = append(names, c.name)
	}
	switch only {
	case "":
		return names, nil
	case "none":
		return nil, nil
	}
	chosen := strings.Split(only, ",")
	for _, name := range chosen {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("there is no comparison %q: choose from %s", name, strings.Join(names, ", "))
		}
	}
	return chosen, nil
}

// A result can be shown.
type result interface {
	Section() (report.Section, error)
}

// A comparison is measured, or its last result is read.
type comparison struct {
	name    string
	measure func(ctx context.Context, quick bool) (result, error)
	load    func(report.Results, string) (result, error)
}

// compare makes a comparison of a function that measures.
func compare[R any, P interface {
	*R
	result
}](name string, measure func(context.Context, bool) (P, error)) comparison {
	return comparison{
		name:    name,
		measure: func(ctx context.Context, quick bool) (result, error) { return measure(ctx, quick) },
		load: func(results report.Results, name string) (result, error) {
			r := P(new(R))
			return r, results.Load(name, r)
		},
	}
}

// section measures, if it is to, and returns what the page says; nil if there is nothing to say.
func (c comparison) section(ctx context.Context, results report.Results, quick, chosen bool) (*report.Section, error) {
	if !chosen && quick {
		return nil, nil
	}
	var r result
	var err error
	if chosen {
		began := time.Now()
		fmt.Fprintf(os.Stderr, "bench: %s\n", c.name)
		if r, err = c.measure(ctx, quick); err != nil {
			return nil, err
		}
		fmt.Fprintf(os.Stderr, "bench: %s took %v\n", c.name, time.Since(began).Round(time.Second))
		if !quick {
			if err := results.Save(c.name, r); err != nil {
				return nil, err
			}
		}
	} else if r, err = c.load(results, c.name); err != nil {
		return nil, err
	}
	section, err := r.Section()
	return &section, err
}
