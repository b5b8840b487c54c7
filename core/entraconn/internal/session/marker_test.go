package session_test

import (
	"strings"
	"testing"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// What a server answers to HELLO without arguments, as redis-server 8.0 does in RESP2 and in RESP3.
const (
	markerAnswer = "*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n8.0.2\r\n$5\r\nproto\r\n:2\r\n$2\r\nid\r\n:7\r\n" +
		"$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"
	hello3Answer = "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n8.0.2\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:7\r\n" +
		"$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"
	hello = "*1\r\n$5\r\nHELLO\r\n"
)

// The client gets its replies and no more, however the server answers an AUTH that may get no
// answer, and wherever the answers are cut.
func TestAnswersToAnAuthAndItsMarker(t *testing.T) {
	const value, unknown = "$1\r\nx\r\n", "-ERR unknown command 'HELLO', with args beginning with: \r\n"
	const push = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"
	for _, tc := range []struct {
		name          string
		resp3         bool
		before, after string // replies to GET k, before AUTH and after it
		answers       string // to AUTH and to the marker
		read          string // of the answers, by the client
		ok, desync    bool
	}{
		{name: "accepted", before: value, answers: "+OK\r\n" + markerAnswer, ok: true},
		{name: "accepted in RESP3", resp3: true, answers: "+OK\r\n" + hello3Answer, ok: true},
		{name: "refused", before: value, answers: wrongPass + markerAnswer},
		{name: "refused silently", before: value, answers: markerAnswer},
		{name: "refused silently, and OK follows", before: value, answers: markerAnswer, after: "+OK\r\n"},
		{name: "refused silently in RESP3", resp3: true, answers: push + hello3Answer, read: push},
		{name: "accepted, a push before the marker's answer", resp3: true, answers: "+OK\r\n" + push + hello3Answer, read: push, ok: true},
		{name: "accepted, HELLO is unknown", before: value, answers: "+OK\r\n" + unknown, ok: true},
		{name: "accepted on Redis 6.0", before: value, answers: "+OK\r\n-ERR wrong number of arguments for 'hello' command\r\n", ok: true},
		{name: "accepted by another server", before: value, answers: "+OK\r\n*4\r\n+server\r\n+other\r\n+id\r\n+7\r\n", ok: true},
		{name: "accepted by another server in RESP3", resp3: true, answers: "+OK\r\n%1\r\n+server\r\n+other\r\n", ok: true},
		{name: "accepted, and HELLO is answered as by no server", before: value, answers: "+OK\r\n+OK\r\n", ok: true},
		{name: "accepted, and HELLO is answered by nothing", before: value, answers: "+OK\r\n*0\r\n", ok: true},
		{name: "refused, HELLO is unknown", before: value, answers: wrongPass + unknown},
		{name: "refused silently, HELLO is unknown", before: value, answers: unknown, desync: true},
		{name: "another array", before: value, answers: "*1\r\n$1\r\nx\r\n" + markerAnswer, desync: true},
		{name: "another map", resp3: true, answers: "%1\r\n$1\r\nx\r\n:1\r\n" + hello3Answer, desync: true},
	} {
		whole := tc.before + tc.answers + tc.after
		for cut := range len(whole) {
			s := &session.Session{}
			s.Init(false)
			if tc.resp3 {
				s = sessionAfter("HELLO 3")
				answersInPieces(t, s, hello3Answer, len(hello3Answer))
			}
			p := []byte(nil)
			if tc.before != "" {
				p = modelserver.Encode("GET k")
				s.Plan(p, nil, nil, &standstill{})
			}
			auth := &testAuth{wire: "AUTH"}
			edits, _, _ := s.Plan(nil, auth, nil, &standstill{})
			if len(edits) != 2 || string(edits[0].Ours())+string(edits[1].Ours()) != "AUTH"+hello {
				t.Fatalf("%s: edits %+v, want AUTH and HELLO", tc.name, edits)
			}
			if tc.after != "" {
				s.Plan(modelserver.Encode("SET k v"), nil, nil, &standstill{})
			}
			read, err := receivedInTwo(s, whole, cut)
			verdicts := s.TakeAnswers().Verdicts
			if len(verdicts) != 1 {
				t.Fatalf("%s, cut at %d: verdicts %+v", tc.name, cut, verdicts)
			}
			switch v := verdicts[0]; {
			case tc.desync:
				if err != session.ErrDesync || !v.Lost || read != tc.before {
					t.Errorf("%s, cut at %d: %v, the client read %q, verdict %+v", tc.name, cut, err, read, v)
				}
			case err != nil || read != tc.before+tc.read+tc.after || v.Auth != auth || v.OK != tc.ok || v.Lost || !tc.ok && !v.Failure.BlamesToken():
				t.Errorf("%s, cut at %d: %v, the client read %q, verdict %+v", tc.name, cut, err, read, v)
			case !s.MayAuth() || !s.Idle() || s.AuthInFlight():
				t.Errorf("%s, cut at %d: may AUTH %v, idle %v, AUTH in flight %v", tc.name, cut, s.MayAuth(), s.Idle(), s.AuthInFlight())
			case !tc.ok && !strings.HasPrefix(tc.answers, wrongPass) && !strings.Contains(v.Line, "no answer to AUTH"):
				t.Errorf("%s: the verdict says %q", tc.name, v.Line)
			}
		}
	}
}

// Where the server can have nothing else to send, it answers each AUTH.
func TestAuthWithoutAMarker(t *testing.T) {
	answered := sessionAfter("GET k")
	answersInPieces(t, answered, "$1\r\nx\r\n", 100)
	for name, s := range map[string]*session.Session{"new": sessionAfter("GET k"), "answered": answered} {
		login := name == "new" // also where the client has written before
		if wire := s.AddAuth(&testAuth{wire: "AUTH", first: login}); string(wire) != "AUTH" {
			t.Errorf("%s: %q goes out", name, wire)
		}
	}
	answersInPieces(t, answered, "+OK\r\n", 100)
	if !answered.Idle() {
		t.Error("something is outstanding")
	}
}

// An AUTH alone that follows commands without an answer is one write with its marker, and is in
// flight until the marker was answered.
func TestAuthIsInFlightUntilItsMarkerIsAnswered(t *testing.T) {
	s := sessionAfter("GET k")
	auth := &testAuth{wire: "AUTH"}
	mark := s.Mark()
	if wire := s.AddAuth(auth); string(wire) != "AUTH"+hello {
		t.Fatalf("%q goes out", wire)
	}
	s.Retract(&mark)
	if s.AuthInFlight() {
		t.Fatal("in flight although it was not written")
	}
	s.AddAuth(auth)
	answersInPieces(t, s, "$1\r\nx\r\n+OK\r\n", 100)
	if v := s.TakeAnswers().Verdicts; len(v) != 1 || !v[0].OK {
		t.Errorf("verdicts %+v", v)
	}
	if !s.AuthInFlight() || s.NextAuth() != session.Auth(auth) || len(s.AuthsInFlight()) != 0 || s.Idle() {
		t.Errorf("before the marker's answer: in flight %v, next %v, unanswered %v, idle %v", s.AuthInFlight(), s.NextAuth(), s.AuthsInFlight(), s.Idle())
	}
	answersInPieces(t, s, markerAnswer, 3)
	if s.AuthInFlight() || !s.Idle() {
		t.Error("something is outstanding after the marker's answer")
	}
}
