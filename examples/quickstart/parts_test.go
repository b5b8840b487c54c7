package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestLostMessagesAreCounted(t *testing.T) {
	post := newPostOffice()
	box := post.inbox()
	sender := post.sender("a")
	var wire []string
	for range 5 {
		if err := sender.send(func(m string) error { wire = append(wire, m); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	refused := errors.New("refused")
	if err := sender.send(func(string) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("send returned %v, want the publisher's error", err)
	}
	box.receive(wire[0])
	box.receive(wire[3]) // 2 and 3 are missing, 5 is under way
	box.receive("not ours")
	received, missing := post.count()
	if received != 2 || missing != 2 || post.underWay() != 1 {
		t.Errorf("received %d, missing %d, under way %d, want 2, 2 and 1", received, missing, post.underWay())
	}
}

func TestQuantilesAreAtMostAnEighthTooHigh(t *testing.T) {
	for d := time.Duration(1); d < time.Hour; d = d*5/4 + 1 {
		if got := upper(bucket(d)); got < d || got > d+d/8 {
			t.Errorf("a bucket for %v ends at %v", d, got)
		}
	}
	var l latency
	if got := l.quantile(0.5); got != 0 {
		t.Errorf("a quantile of nothing is %v, want 0", got)
	}
	for i := range 100 {
		l.record(time.Duration(i+1) * time.Millisecond)
	}
	for q, want := range map[float64]time.Duration{0: time.Millisecond, 0.5: 51 * time.Millisecond, 0.99: 100 * time.Millisecond} {
		if got := l.quantile(q); got < want || got > want+want/8 {
			t.Errorf("quantile %v is %v, want about %v", q, got, want)
		}
	}
}

func TestVerdictObjects(t *testing.T) {
	good := verdict{clients: 3, tokens: 6, tokensDue: 5, commands: 1, messages: 1, cutDue: true, controlCut: 1}
	if !good.ok() || !strings.HasPrefix(good.String(), "quickstart: ok ") {
		t.Errorf("objects to a good run: %v", good)
	}
	for name, spoil := range map[string]func(*verdict){
		"error":               func(v *verdict) { v.errors, v.firstErr = 1, errors.New("EOF") },
		"lost message":        func(v *verdict) { v.lost = 1 },
		"redial":              func(v *verdict) { v.redials = 1 },
		"expired":             func(v *verdict) { v.expired = 1 },
		"refused":             func(v *verdict) { v.refused = 1 },
		"fault that is none":  func(v *verdict) { v.fault = "refuse" },
		"no command":          func(v *verdict) { v.commands = 0 },
		"no message":          func(v *verdict) { v.messages = 0 },
		"too few tokens":      func(v *verdict) { v.tokens = 4 },
		"control still there": func(v *verdict) { v.controlCut = 0 },
	} {
		v := good
		spoil(&v)
		if v.ok() || !strings.HasPrefix(v.String(), "quickstart: failed ") {
			t.Errorf("%s: no objection: %v", name, v)
		}
	}
}

// The verdict is undecided only about failures that a busy machine may have caused.
func TestVerdictDoesNotBlameABusyMachine(t *testing.T) {
	busy := busyness{life: 4 * time.Second, total: 9 * time.Second, worst: 3200 * time.Millisecond}
	for name, test := range map[string]struct {
		v    verdict
		code int
		line string
	}{
		"error":      {verdict{errors: 1, busyness: busy}, 3, "quickstart: machine too busy to judge: starved 3.2 s in a token's life of 4.0 s"},
		"expired":    {verdict{commands: 1, messages: 1, expired: 1, busyness: busy}, 3, "quickstart: machine too busy"},
		"refused":    {verdict{errors: 1, refused: 1, busyness: busy}, 1, "quickstart: failed"},
		"lost":       {verdict{lost: 1, busyness: busy}, 1, "quickstart: failed"},
		"cut off":    {verdict{lost: 1, expired: 1, busyness: busy}, 3, "quickstart: machine too busy"},
		"no control": {verdict{commands: 1, messages: 1, cutDue: true, busyness: busy}, 3, "quickstart: machine too busy"},
		"no fault":   {verdict{commands: 1, messages: 1, fault: "refuse", busyness: busy}, 1, "quickstart: failed"},
		"quiet":      {verdict{errors: 1, busyness: busyness{life: 4 * time.Second, worst: 399 * time.Millisecond}}, 1, "quickstart: failed"},
		"no problem": {verdict{commands: 1, messages: 1, busyness: busy}, 0, "quickstart: ok"},
	} {
		if code, line := test.v.exitCode(), test.v.String(); code != test.code || !strings.HasPrefix(line, test.line) {
			t.Errorf("%s: exit code %d, %q, want %d, %q", name, code, line, test.code, test.line)
		}
	}
}

func TestBusynessIsThatOfTheWorstLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		starved := func() time.Duration { // 2 seconds at once, and 3 spread over the minutes that follow
			since := time.Since(began)
			return min(max(since-10*time.Second, 0), 2*time.Second) + min(max(since-time.Minute, 0)/60, 3*time.Second)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		b := <-watchBusyness(ctx, starved, 4*time.Second)
		if b.total != 5*time.Second || b.worst != 2*time.Second || !b.tooMuch() {
			t.Errorf("%+v, too much: %v", b, b.tooMuch())
		}
		if b := <-watchBusyness(ctx, nil, time.Hour); b.tooMuch() {
			t.Error("Azure is too busy")
		}
	})
}

func TestLinesAreClippedToTheTerminal(t *testing.T) {
	for _, test := range []struct {
		line  string
		width int
		want  string
	}{{"abc", 3, "abc"}, {"µs µs", 2, "µs"}, {"abc", 0, ""}, {"abc", -1, ""}} {
		if got := clip(test.line, test.width); got != test.want {
			t.Errorf("clip(%q, %d) = %q, want %q", test.line, test.width, got, test.want)
		}
	}
}
