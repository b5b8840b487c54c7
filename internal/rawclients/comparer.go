package rawclients

import (
	"bytes"
	"fmt"
	"slices"
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
	// Subscribed: the plain client has subscriptions after the step or before it, or subscribes in it.
	Subscribed bool
	// Ambiguous: the plain client has read an error of a CLIENT command in words that Redis 6.0 has for all of them.
	Ambiguous bool
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
		d := compareClient(s, plain, ours, client)
		if d == nil {
			continue
		}
		d.explain(plain)
		// What one client meets because of a limit may have consequences for others in the same step.
		if first == nil || d.Step < first.Step || d.Step == first.Step && first.Limit == "" {
			first = d
		}
	}
	if first == nil && ours.Stopped != "" {
		first = stopped(s, plain, ours)
		first.explain(plain)
	}
	return first
}

// explain looks for the limit that explains the difference.
func (d *Difference) explain(plain *Record) {
	for _, step := range plain.Steps[max(0, d.Step-1) : d.Step+1] {
		d.Subscribed = d.Subscribed || isSubscriber(step.State[d.Client])
	}
	if step := d.Script.Steps[d.Step]; step.Client == d.Client {
		d.Subscribed = d.Subscribed || commands(step.Commands).have(subscribing...)
	}
	for _, step := range plain.Steps[:d.Step+1] {
		for _, words := range []string{"Unknown subcommand or wrong number of arguments for", "permissions to run the 'client' command or its subcommand"} {
			d.Ambiguous = d.Ambiguous || bytes.Contains(step.Read[d.Client], []byte(words))
		}
	}
	d.Limit = explain(d)
}

// stopped returns the difference of a play that has stopped before bytes differed.
func stopped(s *Script, plain, ours *Record) *Difference {
	last, client := len(ours.Steps)-1, ours.StoppedClient
	d := &Difference{
		Script: s, Step: last, Client: client, Kind: LacksBytes, What: ours.Stopped,
		Plain: plain.Steps[last].Read[client], Ours: ours.Steps[last].Read[client],
	}
	if ours.Steps[last].Ended[client] { // where the plain one has ended too, it has read more before
		d.Kind = HasEnded
		if !atFrameEnd(ours, client) {
			d.Kind = HasBrokenIn
		}
	}
	return d
}

// compareClient returns the first byte that differs. Bytes that ours lacks at the end are no
// difference where its play has stopped.
func compareClient(s *Script, plain, ours *Record, client int) *Difference {
	var want, got []byte
	var wantEnds, gotEnds []int // of each step
	for i := range ours.Steps {
		form := s.formAt(i, client)
		want = append(want, reduce(plain.Steps[i].Read[client], form)...)
		read := ours.Steps[i].Read[client]
		if form != Bytes && ours.Stopped != "" && i == len(ours.Steps)-1 { // perhaps within a reply
			_, rest := frames(read)
			read = read[:len(read)-len(rest)]
		}
		got = append(got, reduce(read, form)...)
		wantEnds, gotEnds = append(wantEnds, len(want)), append(gotEnds, len(got))
	}
	at := 0
	for at < len(want) && at < len(got) && want[at] == got[at] {
		at++
	}
	d := &Difference{Script: s, Client: client, Plain: want[frameStart(want, at):], Ours: got[frameStart(got, at):]}
	switch {
	case at < len(want) && at < len(got):
		d.Kind, d.What, d.Step = OtherBytes, "other bytes", min(stepOf(wantEnds, at), stepOf(gotEnds, at))
	case at < len(got):
		d.Kind, d.What, d.Step = OtherBytes, "more bytes", stepOf(gotEnds, at)
	case at < len(want) && ours.Stopped == "":
		d.Kind, d.What, d.Step = LacksBytes, "fewer bytes", stepOf(wantEnds, at)
	default:
		return nil
	}
	return d
}

// stepOf returns in which step a byte was read. ends are the ends of the steps.
func stepOf(ends []int, at int) int {
	return slices.IndexFunc(ends, func(end int) bool { return at < end })
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
