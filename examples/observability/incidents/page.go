package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// An observed is what a run says about one incident.
type observed struct {
	Title, Story           string
	Begin                  string  // of the run, by the clock
	Lasts                  float64 // seconds, 0 without trouble
	Said                   []said
	Silent                 []string // metrics and alerts that said nothing
	Commands, CommandSpans int
}

func observe(s *service) observed {
	r := s.record
	r.mu.Lock()
	defer r.mu.Unlock()
	o := observed{Title: s.title, Story: s.story, Begin: r.began.UTC().Format("2006-01-02 15:04:05"), Lasts: s.pace(s.lasts).Seconds(),
		Commands: r.commands, CommandSpans: r.commandSpans}
	for _, one := range r.all {
		o.Said = append(o.Said, *one)
	}
	slices.SortStableFunc(o.Said, func(a, b said) int { return cmp.Compare(a.First, b.First) })
	spoke := func(signal, text string) bool {
		return slices.ContainsFunc(o.Said, func(one said) bool { return one.Signal == signal && strings.HasPrefix(one.What, text) })
	}
	for _, q := range questions() {
		if !spoke(metrics, "`"+q.metric+" ") && !spoke(metrics, "`"+q.metric+"`") {
			o.Silent = append(o.Silent, q.metric)
		}
	}
	for _, name := range alertNames() {
		if !spoke(alert, name+" ") {
			o.Silent = append(o.Silent, name)
		}
	}
	return o
}

// table is the part of the page about one incident.
func (o observed) table() string {
	text := "## " + o.Title + "\n\n" + wrap(o.Story) + "\n\n| first after | last after | signal | what it said | how often, or at most |\n|---:|---:|---|---|---:|\n"
	for _, s := range o.Said {
		amount := ""
		switch {
		case s.Total > 0:
			amount = fmt.Sprintf("%.0f", s.Total)
		case s.Most != 0:
			amount = fmt.Sprintf("≤ %.0f", s.Most)
		}
		text += fmt.Sprintf("| %.0f s | %.0f s | %s | %s | %s |\n", s.First, s.Last, s.Signal, s.What, amount)
	}
	var silent []string
	for _, name := range o.Silent {
		silent = append(silent, "`"+name+"`")
	}
	text += "\n" + wrap(fmt.Sprintf("%d of the service's %d commands in the run have a span of the service's own, %.1f %%.",
		o.CommandSpans, o.Commands, 100*float64(o.CommandSpans)/float64(max(1, o.Commands)))) + "\n"
	if len(silent) > 0 {
		text += "\n" + wrap("Silent: "+strings.Join(silent, ", ")+".") + "\n"
	}
	return text
}

// wrap breaks lines after 120 characters.
func wrap(text string) string {
	out, column := "", 0
	for _, word := range strings.Fields(text) {
		switch {
		case column == 0:
		case column+1+len(word) > 120:
			out, column = out+"\n", 0
		default:
			out, column = out+" ", column+1
		}
		out, column = out+word, column+len(word)
	}
	return out
}

const (
	startMark = "<!-- what go run ./incidents measured -->\n"
	endMark   = "<!-- end of what it measured -->\n"
)

// Between two marks of the page is what the run measured.
func fill(page string, all []observed) (string, error) {
	before, rest, ok := strings.Cut(page, startMark)
	_, after, ok2 := strings.Cut(rest, endMark)
	if !ok || !ok2 {
		return "", errors.New("the page has no marks")
	}
	return before + startMark + "\n" + allTables(all) + "\n" + endMark + after, nil
}

func allTables(all []observed) string {
	tables := []string{summary(all)}
	for _, o := range all {
		tables = append(tables, o.table())
	}
	return strings.Join(tables, "\n")
}

// summary says when each kind of signal first said that something is wrong.
func summary(all []observed) string {
	text := "| seconds after the begin of | a request or an AUTH fails | commands fail | a log line | a span with an error | a metric | an alert is pending | an alert fires | the last alert ends |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n"
	end := 0.0 // of the run, when something was last said
	for _, o := range all {
		for _, s := range o.Said {
			end = max(end, s.Last)
		}
	}
	for _, o := range all {
		text += "| [" + o.Title + "](#" + anchor(o.Title) + ")"
		for _, is := range []func(said) bool{
			func(s said) bool {
				return s.Signal == truth && (strings.Contains(s.What, "answers 503") || strings.Contains(s.What, "refuses"))
			},
			func(s said) bool { return s.Signal == truth && strings.Contains(s.What, "commands") },
			func(s said) bool { return s.Signal == logs },
			func(s said) bool { return s.Signal == traces && strings.Contains(s.What, " type=") },
			func(s said) bool { return s.Signal == metrics && !isWell(s.What) },
			func(s said) bool { return s.Signal == alert && strings.HasSuffix(before(s.What, " for "), "pending") },
			func(s said) bool { return s.Signal == alert && strings.HasSuffix(before(s.What, " for "), "firing") },
		} {
			text += " | "
			if i := slices.IndexFunc(o.Said, is); i >= 0 { // they are in order
				text += fmt.Sprintf("%.0f", o.Said[i].First)
			}
		}
		last := 0.0
		for _, s := range o.Said {
			if s.Signal == alert {
				last = max(last, s.Last)
			}
		}
		text += " | "
		switch {
		case last > end-interval.Seconds():
			text += "later"
		case last > 0:
			text += fmt.Sprintf("%.0f", last)
		}
		text += " |\n"
	}
	return text
}

// isWell reports whether a metric says nothing but that a token is renewed.
func isWell(what string) bool {
	return strings.Contains(what, "entraredis_rotation_") || strings.Contains(what, "entraredis_token_renewals")
}

// before is what stands before a separator, or all.
func before(text, separator string) string {
	text, _, _ = strings.Cut(text, separator)
	return text
}

// anchor is where the link to a heading leads, as GitHub makes it.
func anchor(title string) string {
	return strings.NewReplacer(" ", "-", ",", "", "/", "").Replace(strings.ToLower(title))
}

func readObserved(file string) (all []observed, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return all, json.Unmarshal(text, &all)
}

// publish writes what was observed, and the page.
func publish(all []observed) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(all, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, "incidents", "observed.json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	file := filepath.Join(root, "..", "..", "docs", "incidents.md")
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	filled, err := fill(string(page), all)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(filled), 0o644)
}

// moduleRoot looks for examples/observability above the working directory.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dir, "incidents", "page.go")); err != nil {
		return "", fmt.Errorf("run it in examples/observability: %w", err)
	}
	return dir, nil
}
