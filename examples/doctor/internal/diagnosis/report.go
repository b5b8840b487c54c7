package diagnosis

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// A Verdict is what one step of an examination came to.
type Verdict string

// The verdicts.
const (
	OK      Verdict = "ok"
	Warning Verdict = "warning" // it works, and something is to be known or set
	Failed  Verdict = "failed"
	Skipped Verdict = "skipped" // a step before it failed that this one needs
)

// Format is the version of the JSON view. It changes when a field changes its meaning or goes.
const Format = 1

// A Report is what an examination found.
type Report struct {
	Format   int       `json:"format"`
	Program  string    `json:"program"` // the versions of this program, of Go, and the system
	Address  string    `json:"address"` // that was examined
	Service  Service   `json:"service"` // empty if the address does not say
	At       time.Time `json:"at"`      // the start, by this machine's clock
	Millis   int64     `json:"milliseconds"`
	Healthy  bool      `json:"healthy"` // no step failed
	Steps    []Step    `json:"steps"`
	Settings *Settings `json:"settings"` // null unless the login was accepted
}

// A Step is one part of an examination.
type Step struct {
	Name    string   `json:"name"`
	Verdict Verdict  `json:"verdict"`
	Detail  string   `json:"detail"`
	Millis  int64    `json:"milliseconds"`
	Finding *Finding `json:"finding"` // null unless the verdict is a warning or failed
}

// Settings are what a program has to set for this cache.
type Settings struct {
	TLS           bool `json:"tls"`
	Cluster       bool `json:"cluster"`        // a cluster client is needed
	SeedHost      bool `json:"seed_host"`      // its nodes are reached at the host that was dialed
	SeparateLogin bool `json:"separate_login"` // the server takes no command behind an AUTH in flight
	RESP3         bool `json:"resp3"`
}

// judge sets Healthy.
func (r *Report) judge() {
	r.Healthy = !slices.ContainsFunc(r.Steps, func(s Step) bool { return s.Verdict == Failed })
}

// WriteJSON writes the report as one JSON object.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// WriteText writes the report for a reader: a line for each step, then one for each finding with
// the commands of its remedy below it, failures before warnings, then what to set. The last line
// sums up.
func (r *Report) WriteText(w io.Writer) error {
	_, err := io.WriteString(w, r.text())
	return err
}

func (r *Report) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n\n", strings.TrimSpace(r.Address+"  "+string(r.Service)), r.Program)
	for _, s := range r.Steps {
		fmt.Fprintf(&b, "%-8s %-10s %s\n", s.Verdict, s.Name, s.Detail)
	}
	for _, s := range r.findings() {
		fmt.Fprintf(&b, "\n%s: %s: %s. Remedy: %s.\n", s.Name, s.Finding.ID, s.Finding.Says, s.Finding.Remedy)
		for _, command := range s.Finding.Commands {
			fmt.Fprintf(&b, "    %s\n", command)
		}
	}
	if r.Settings != nil {
		fmt.Fprintf(&b, "\n%s\n", strings.Join(r.Settings.sentences(r.Address), "\n"))
	}
	fmt.Fprintf(&b, "\n%s\n", r.summary())
	return b.String()
}

// findings returns the steps that found something: first those that failed, then those that warn.
// Of two that found the same, it returns the first of these.
func (r *Report) findings() (found []Step) {
	for _, verdict := range []Verdict{Failed, Warning} {
		for _, s := range r.Steps {
			same := func(other Step) bool { return other.Finding.ID == s.Finding.ID }
			if s.Verdict == verdict && !slices.ContainsFunc(found, same) {
				found = append(found, s)
			}
		}
	}
	return found
}

func (r *Report) summary() string {
	count := map[Verdict]int{}
	var failures []string
	for _, s := range r.Steps {
		if count[s.Verdict]++; s.Verdict == Failed {
			failures = append(failures, s.Name+" ("+s.Finding.ID+")")
		}
	}
	seconds := time.Duration(r.Millis) * time.Millisecond
	if r.Healthy {
		return fmt.Sprintf("doctor: healthy; warnings: %d of %d steps, %v", count[Warning], len(r.Steps), seconds)
	}
	return fmt.Sprintf("doctor: failed: %s; skipped: %d of %d steps, %v", strings.Join(failures, ", "), count[Skipped], len(r.Steps), seconds)
}

// sentences say what a program has to set to dial addr.
func (s *Settings) sentences(addr string) []string {
	set := []string{"Set in the program:"}
	if s.Cluster {
		set = append(set, "  entragoredis.ConfigureCluster or entrarueidis.Configure; redigo has no client for a cluster")
	} else {
		set = append(set, "  entragoredis.Configure, entrarueidis.Configure or entraredigo.Configure; no client for a cluster is needed")
	}
	if s.TLS {
		set = append(set, "  TLSConfig: &tls.Config{}")
	} else {
		set = append(set, "  no TLSConfig, which only an address on this machine may lack")
	}
	if s.SeedHost {
		set = append(set, "  SeedHost: true")
	}
	if s.SeparateLogin {
		set = append(set, "  SeparateLogin: true")
	}
	if !s.RESP3 {
		set = append(set, "  DisableCache: true for rueidis, because the server stays in RESP2")
	}
	return set
}
