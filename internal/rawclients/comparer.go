package rawclients

import (
	"bytes"
	"fmt"
)

// A Difference is what a client of ours has read that a plain one has not, or the other way round.
type Difference struct {
	Script *Script
	Step   int
	Client int
	Kind   Kind
	What   string // in words
	Plain  []byte // what the plain client has read up to that step, from the first reply that differs on
	Ours   []byte
	Limit  string // the limit that explains it, "" if none does
}

// A Kind says in what two plays differ.
type Kind uint8

const (
	OtherBytes  Kind = iota // the client of ours has read other bytes
	LacksBytes              // it has read fewer, or something else has not happened
	HasEnded                // its connection has ended between two replies, and the plain one has not
	HasBrokenIn             // the same, within a reply
)

// Compare compares two plays of a script: on plain connections and on ours. It returns nil if clients
// have read the same.
func Compare(s *Script, plain, ours *Record) *Difference {
	var first *Difference
	for client := range MostClients {
		if d := compareClient(s, plain, ours, client); d != nil && (first == nil || d.Step < first.Step) {
			first = d
		}
	}
	if first == nil && ours.Stopped != "" {
		last := len(ours.Steps) - 1
		first = &Difference{Script: s, Step: last, Client: ours.StoppedClient, Kind: LacksBytes, What: ours.Stopped}
		if c := first.Client; ours.Steps[last].Ended[c] && !plain.Steps[last].Ended[c] {
			first.Kind = HasEnded
			if !atFrameEnd(ours, c) {
				first.Kind = HasBrokenIn
			}
		}
		first.Plain = plain.Steps[last].Read[first.Client]
		first.Ours = ours.Steps[last].Read[first.Client]
	}
	if first != nil {
		if first.Limit = explain(first); first.Limit == "" {
			first.Limit = Unmended(first)
		}
	}
	return first
}

// compareClient returns the first byte that differs. Bytes that ours lacks at the end are no
// difference where its play has stopped.
func compareClient(s *Script, plain, ours *Record, client int) *Difference {
	var want, got []byte
	for i := range ours.Steps {
		form := s.formAt(i, client)
		want = append(want, reduce(plain.Steps[i].Read[client], form)...)
		got = append(got, reduce(ours.Steps[i].Read[client], form)...)
		same := min(len(want), len(got))
		if bytes.Equal(want[:same], got[:same]) {
			continue
		}
		at := 0
		for want[at] == got[at] {
			at++
		}
		return &Difference{
			Script: s, Step: i, Client: client, Kind: OtherBytes, What: "other bytes",
			Plain: want[frameStart(want, at):], Ours: got[frameStart(got, at):],
		}
	}
	last := len(ours.Steps) - 1
	switch {
	case len(want) == len(got), ours.Stopped != "" && len(got) < len(want):
		return nil
	case len(got) < len(want):
		return &Difference{Script: s, Step: last, Client: client, Kind: LacksBytes, What: "fewer bytes at the end", Plain: want[len(got):]}
	}
	return &Difference{Script: s, Step: last, Client: client, Kind: OtherBytes, What: "more bytes at the end", Ours: got[len(want):]}
}

// atFrameEnd reports whether what a client has read ends where a reply ends.
func atFrameEnd(r *Record, client int) bool {
	var all []byte
	for _, step := range r.Steps {
		all = append(all, step.Read[client]...)
	}
	_, rest := frames(all)
	return len(rest) == 0
}

// ends reports whether the difference is that a connection has ended between two replies.
func (d *Difference) ends() bool { return d.Kind == HasEnded }

// String describes the difference and ends with the script.
func (d *Difference) String() string {
	limit := "no limit explains that"
	if d.Limit != "" {
		limit = "limit: " + d.Limit
	}
	return fmt.Sprintf("step %d, client %s: %s; %s\nplain: %s\nours:  %s\n%s", d.Step+1, clientLetters[d.Client:d.Client+1], d.What, limit, shown(d.Plain), shown(d.Ours), d.Script)
}

// shown returns bytes for a reader.
func shown(p []byte) string {
	if len(p) > 300 {
		return fmt.Sprintf("%q… and %d bytes more", p[:300], len(p)-300)
	}
	return fmt.Sprintf("%q", p)
}
