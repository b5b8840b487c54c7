package session_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// heldBy returns how many bytes of the heap live through what f returns.
func heldBy[T any](f func() T) (int64, T) {
	before := liveHeap()
	kept := f()
	after := liveHeap()
	runtime.KeepAlive(kept)
	return int64(after) - int64(before), kept
}

func liveHeap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A client that does not read has any number of transactions in flight. They take no memory once
// they have ended, and the connection can be renewed.
func TestTransactionsInFlight(t *testing.T) {
	const rounds, each = 1000, 50
	p := bytes.Repeat(modelserver.Encode("MULTI", "GET k", "EXEC"), each)
	held, s := heldBy(func() *session.Session {
		s := sessionAfter("MULTI, GET k, EXEC")
		for range rounds {
			s.Plan(p, nil, nil, &standstill{})
		}
		return s
	})
	if held > 64<<10 {
		t.Errorf("%d transactions in flight take %d bytes", rounds*each, held)
	}
	const answer = "+OK\r\n+QUEUED\r\n*1\r\n$1\r\nx\r\n"
	answers := strings.Repeat(answer, 1+rounds*each)
	if read, err := receivedInTwo(s, answers, len(answers)/2); len(read) != len(answers) || err != nil || !s.MayAuth() || !s.Idle() {
		t.Errorf("%v, the client read %d bytes of %d; may AUTH %v, idle %v", err, len(read), len(answers), s.MayAuth(), s.Idle())
	}
}

// A write that is taken back is taken back with the transactions that it would have ended.
func TestRetractAmongTransactionsInFlight(t *testing.T) {
	s := sessionAfter("GET k")
	many := bytes.Repeat(modelserver.Encode("MULTI", "GET k", "EXEC"), 200)
	s.Plan(many, nil, nil, &standstill{})
	s.Plan(modelserver.Encode("MULTI"), nil, nil, &standstill{})
	mark := s.Mark()
	s.Plan(append(modelserver.Encode("EXEC"), many...), nil, nil, &standstill{})
	s.Retract(&mark)
	if s.MayAuth() {
		t.Error("left the transaction by an EXEC that was never written")
	}
	answers := "$1\r\nx\r\n" + strings.Repeat("+OK\r\n+QUEUED\r\n*1\r\n$1\r\nx\r\n", 200) + "+OK\r\n"
	if _, err := receivedInTwo(s, answers, 100); err != nil || s.MayAuth() {
		t.Errorf("%v, may AUTH %v in a transaction", err, s.MayAuth())
	}
	s.Plan(modelserver.Encode("EXEC"), nil, nil, &standstill{})
	if _, err := receivedInTwo(s, "*0\r\n", 1); err != nil || !s.MayAuth() || !s.Idle() {
		t.Errorf("%v, may AUTH %v, idle %v", err, s.MayAuth(), s.Idle())
	}
}

// More commands in flight than a session keeps account of: they and their replies are passed on as
// they are, and the connection is not renewed any more.
func TestTooManyCommandsInFlight(t *testing.T) {
	const rounds, each = 2000, 50
	p := bytes.Repeat(modelserver.Encode("GET k", "WAIT 1 0"), each)
	held, s := heldBy(func() *session.Session {
		s := sessionAfter("GET k")
		for range rounds {
			if edits, _, taken := s.Plan(p, nil, nil, &standstill{}); len(edits) != 0 || taken != len(p) {
				t.Fatalf("%d edits, %d bytes of %d", len(edits), taken, len(p))
			}
		}
		return s
	})
	if held > 1<<20 {
		t.Errorf("%d commands in flight take %d bytes", rounds*each, held)
	}
	answers := "$1\r\nx\r\n" + strings.Repeat("$1\r\nx\r\n:0\r\n", rounds*each)
	if read, err := receivedInTwo(s, answers, len(answers)/2); read != answers || err != nil {
		t.Errorf("%v, the client read %d bytes of %d", err, len(read), len(answers))
	}
	if why, forever := s.BarredBy(); why != session.BecauseUnknown || !forever {
		t.Errorf("barred by %q", why)
	}
}

// What a session needed for many commands in flight is given back when they were answered.
func TestAnsweredCommandsTakeNoMemory(t *testing.T) {
	held, s := heldBy(func() *session.Session {
		s := sessionAfter("GET k")
		for range 40 {
			s.Plan(bytes.Repeat(modelserver.Encode("WAIT 1 0"), 100), nil, nil, &standstill{})
		}
		answers := "$1\r\nx\r\n" + strings.Repeat(":0\r\n", 4000)
		if _, err := receivedInTwo(s, answers, 1000); err != nil {
			t.Fatal(err)
		}
		return s
	})
	if !s.MayAuth() || !s.Idle() {
		t.Error("AUTH has no place")
	}
	if held > 16<<10 {
		t.Errorf("%d bytes are left when all was answered", held)
	}
}

// As many commands of a RESP2 subscriber wait, because what it reads must be translated.
func TestTooManySubscriptionsInFlight(t *testing.T) {
	s := sessionAfter("SUBSCRIBE a")
	const hello, confirmation = "%1\r\n+proto\r\n:3\r\n", ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
	one := modelserver.Encode("SUBSCRIBE a")
	written := 1
	for ; !s.HoldsBack(); written++ {
		if written > 20_000 {
			t.Fatal("any number of subscriptions is in flight")
		}
		_, _, taken := s.Plan(one, nil, nil, &standstill{})
		if taken != len(one) {
			break
		}
	}
	if written < 4096 {
		t.Errorf("only %d subscriptions may be in flight", written)
	}
	answers := hello + strings.Repeat(confirmation, written)
	read, err := receivedInTwo(s, answers, 1000)
	if want := strings.ReplaceAll(strings.Repeat(confirmation, written), ">3", "*3"); read != want || err != nil || !s.Ready() {
		t.Fatalf("%v, the client read %d bytes of %d; ready %v", err, len(read), len(want), s.Ready())
	}
	if _, _, taken := s.Plan(one, nil, nil, &standstill{}); taken != len(one) {
		t.Error("what was held back is held back for ever")
	}
}
