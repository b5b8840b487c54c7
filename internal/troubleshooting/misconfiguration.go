package troubleshooting

import (
	"fmt"
	"regexp"
	"strings"
)

// A misconfiguration is one section of the golden file.
type misconfiguration struct {
	name  string
	texts []clientText // one for each client library
	log   string       // empty if nothing is logged
}

// A clientText is what the caller of one client library gets.
type clientText struct{ client, text string }

var (
	// A note in brackets ends a line of the golden file. It is about the test.
	note = regexp.MustCompile(` \[[^\]]*\]$`)
	// How long a caller waited differs between the libraries.
	waited = regexp.MustCompile(`after waiting \S+ for`)
)

// parse reads the golden file of internal/misconfigurations.
func parse(golden string) ([]misconfiguration, error) {
	var all []misconfiguration
	for line := range strings.Lines(golden) {
		line = strings.TrimRight(line, "\n")
		if name, found := strings.CutPrefix(line, "== "); found {
			all = append(all, misconfiguration{name: name})
			continue
		}
		client, text, found := strings.Cut(line, ": ")
		if !found || len(all) == 0 {
			return nil, fmt.Errorf("the golden file has a line %q", line)
		}
		last := &all[len(all)-1]
		if client == "log" {
			last.log = text
			continue
		}
		text = waited.ReplaceAllString(note.ReplaceAllString(text, ""), "after waiting DURATION for")
		last.texts = append(last.texts, clientText{client, text})
	}
	return all, nil
}

// says reports whether the caller of a client library gets the text.
func (m *misconfiguration) says(text string) bool {
	for _, t := range m.texts {
		if strings.Contains(t.text, text) {
			return true
		}
	}
	return false
}

// lines returns the texts and the line of the log. A text that all client libraries share stands
// there once.
func (m *misconfiguration) lines() []string {
	var lines []string
	for _, t := range m.texts {
		if t.text != m.texts[0].text {
			lines = nil
			break
		}
		lines = []string{t.text}
	}
	if lines == nil {
		for _, t := range m.texts {
			lines = append(lines, t.client+": "+t.text)
		}
	}
	if m.log != "" {
		lines = append(lines, m.log)
	}
	return lines
}
