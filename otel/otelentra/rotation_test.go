package otelentra_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// refuse reports n AUTHs that the server refuses, and returns how many spans there are of them.
func (t *telemetry) refuse(n int) int {
	before := len(t.named("AUTH"))
	for id := range uint64(n) {
		t.auth(t.Context(), conn(id), entra.AuthRotation, life(time.Now()), time.Millisecond, refused("NOPERM not yet"))
	}
	return len(t.named("AUTH")) - before
}

// Two clients may have the same name, library and server.
func TestRotationEndsWithItsOwnDoneOnly(t *testing.T) {
	tel := newTelemetry(t)
	first, second := tel.rotate(1, life(time.Now())), tel.rotate(12, life(time.Now()))
	tel.rotated(first, 1, 0)
	spans := tel.refuse(12)
	tel.rotated(second, 12, 0)
	later := tel.refuse(1)
	if n := tel.count("entraredis.rotation.duration", pool()); n != 2 {
		t.Errorf("metrics saw %d rotations", n)
	}
	if n := tel.count("entraredis.connection.auth.duration", pool(anyFailure())); n != 13 {
		t.Errorf("metrics saw %d refusals", n)
	}
	if !tel.records {
		return
	}
	if spans != 10 || later != 1 {
		t.Fatalf("%d spans in the second rotation and %d after it, want 10 and 1", spans, later)
	}
	rotations, auths := tel.named("rotate connections"), tel.named("AUTH")
	for i, dropped := range []int{0, 2} {
		tel.has(rotations[i], "entraredis.rotation.dropped_spans", strconv.Itoa(dropped))
	}
	tel.isRoot(auths[9], rotations[1])
	tel.isRoot(auths[10]) // no rotation is under way any more
}

func TestBudgetOfSpansIsFullWhenARotationBegins(t *testing.T) {
	tel := newTelemetry(t)
	before := tel.refuse(11)
	rotation := tel.rotate(11, life(time.Now()))
	during := tel.refuse(11)
	tel.rotated(rotation, 11, 0)
	if tel.records && (before != 10 || during != 10) {
		t.Errorf("%d spans before the rotation and %d in it, want 10 each", before, during)
	}
}
