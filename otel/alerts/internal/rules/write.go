package rules

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// width is how long lines of the files become, where words can be wrapped.
const width = 120

// Prometheus writes the groups as a rule file.
func Prometheus(groups []Group) []byte {
	return []byte(`# Is Redis authentication with Microsoft Entra ID in trouble? For the metrics of entraredis, see docs/observability.md.
# What to do for each alert: docs/runbook.md.
` + generated + yamlGroups(groups, ""))
}

// Operator writes the groups as a PrometheusRule of the Prometheus operator.
func Operator(groups []Group) []byte {
	return []byte(`# otel/alerts/entraredis.rules.yaml for the Prometheus operator. Its Prometheus takes the rules that its ruleSelector
# selects: add the labels that yours asks for, such as release.
` + generated + `apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: entraredis
  labels:
    app.kubernetes.io/part-of: entraredis
spec:
` + yamlGroups(groups, "  "))
}

const generated = "# Written by otel/alerts/generate; change otel/alerts/internal/rules instead.\n"

func yamlGroups(groups []Group, indent string) string {
	w := &writer{indent: indent}
	w.line(0, "groups:")
	for _, g := range groups {
		w.line(1, "- name: "+g.Name)
		w.line(2, "rules:")
		for i, r := range g.Rules {
			if i > 0 {
				w.text.WriteString("\n")
			}
			w.rule(r)
		}
	}
	return w.text.String()
}

type writer struct {
	text   strings.Builder
	indent string
}

func (w *writer) line(depth int, text string) {
	fmt.Fprintf(&w.text, "%s%s%s\n", w.indent, strings.Repeat("  ", depth), text)
}

func (w *writer) rule(r Rule) {
	for _, line := range wrap(r.Comment, width-len(w.indent)-8) {
		w.line(3, "# "+line)
	}
	if r.Record != "" {
		w.line(3, "- record: "+r.Record)
	} else {
		w.line(3, "- alert: "+r.Alert)
	}
	w.line(4, "expr: |")
	for _, line := range strings.Split(r.Expr, "\n") {
		w.line(5, line)
	}
	if r.For > 0 {
		w.line(4, "for: "+minutes(r.For))
	}
	if len(r.Labels) > 0 {
		w.line(4, "labels:")
		for _, key := range slices.Sorted(maps.Keys(r.Labels)) {
			w.line(5, key+": "+r.Labels[key])
		}
	}
	if r.Alert == "" {
		return
	}
	w.line(4, "annotations:")
	w.folded("summary", r.Summary)
	w.folded("description", r.Description)
	w.line(5, "runbook_url: "+r.runbookURL())
}

// folded writes a text as YAML's folded block, whose lines are joined with a space.
func (w *writer) folded(key, text string) {
	w.line(5, key+": >-")
	for _, line := range wrap(text, width-len(w.indent)-12) {
		w.line(6, line)
	}
}

// minutes writes a duration as Prometheus does.
func minutes(d time.Duration) string { return fmt.Sprintf("%dm", d/time.Minute) }

// runbookURL leads to the section of the problem, which service and pod share.
func (r Rule) runbookURL() string { return runbook + strings.ToLower(r.Section()) }

// Section returns the heading of the runbook.
func (r Rule) Section() string { return strings.TrimSuffix(r.Alert, "Pod") }

// word is what a line is not broken in: text without spaces, or an action of a template.
var word = regexp.MustCompile(`(\{\{.*?\}\}|\S)+`)

// wrap breaks a text into lines.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range word.FindAllString(text, -1) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
