package session_test

import (
	"strings"
	"testing"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// A server refuses PSYNC, SYNC and SCRIPT DEBUG while it has something to send. So they wait for the
// answers to our AUTHs, and what comes after them waits too. Behind a command of the client's they are
// refused without us too.
func TestCommandThatStandsAloneWaitsForOurAuths(t *testing.T) {
	for _, tc := range []struct {
		before, command string
		auth            *testAuth
		waits           bool
	}{
		{command: "PSYNC ? -1", auth: &testAuth{wire: "AUTH", first: true}, waits: true},
		{command: "SYNC", auth: &testAuth{wire: "AUTH"}, waits: true},
		{command: "SCRIPT DEBUG YES", auth: &testAuth{wire: "AUTH"}, waits: true},
		{command: "AUTH stranger x", auth: &testAuth{wire: "AUTH", first: true}, waits: true},
		{command: "HELLO 3 AUTH stranger x", auth: &testAuth{wire: "AUTH"}, waits: true},
		{command: "SCRIPT LOAD x", auth: &testAuth{wire: "AUTH"}},
		{command: "SCRIPT DEBUG YES"},
		{before: "GET k", command: "PSYNC ? -1", auth: &testAuth{wire: "AUTH"}},
		{before: "MULTI", command: "SCRIPT DEBUG YES", auth: &testAuth{wire: "AUTH"}},
	} {
		command := modelserver.Encode(tc.command, "PING")
		for cut := range len(command) {
			s := &session.Session{}
			s.Init(false)
			if tc.auth != nil {
				s.Plan(nil, tc.auth, nil, &standstill{})
			}
			answers := "+OK\r\n"
			if tc.before != "" {
				s.Plan(modelserver.Encode(tc.before), nil, nil, &standstill{})
				answers += "+OK\r\n"
			}
			var held, sent []byte
			for _, p := range [][]byte{command[:cut], command[cut:]} {
				held = append(held, p...)
				if s.HoldsBack() {
					s.HoldMore()
					continue
				}
				edits, _, taken := s.Plan(held, nil, nil, &standstill{})
				if len(edits) > 0 {
					t.Fatalf("%s: edits %+v", tc.command, edits)
				}
				sent, held = append(sent, held[:taken]...), held[taken:]
			}
			if waited := len(sent) == 0; waited != tc.waits || len(held) > 0 != tc.waits || s.Ready() {
				t.Fatalf("%s after %q, cut at %d: sent %q, held %q, ready %v", tc.command, tc.before, cut, sent, held, s.Ready())
			}
			if !tc.waits {
				continue
			}
			answersInPieces(t, s, answers, 2)
			if !s.Ready() {
				t.Fatalf("%s is not ready after the answers", tc.command)
			}
			if edits, _, taken := s.Plan(held, nil, nil, &standstill{}); len(edits) > 0 || taken != len(held) {
				t.Fatalf("%s: edits %+v, %d of %d bytes taken", tc.command, edits, taken, len(held))
			}
		}
	}
}

// A login of the client's that is refused gets no answer from some servers while something else is to be
// sent. So it waits for the answer to our HELLO 2, too.
func TestCommandThatStandsAloneWaitsForTheDowngrade(t *testing.T) {
	for _, command := range []string{"AUTH stranger x", "HELLO 3 AUTH stranger x", "PSYNC ? -1", "SCRIPT DEBUG YES"} {
		s := sessionAfter("SUBSCRIBE")
		answersInPieces(t, s, "%1\r\n+proto\r\n:3\r\n-ERR wrong number of arguments for 'subscribe' command\r\n", 1000)
		p := modelserver.Encode(command)
		edits, _, taken := s.Plan(p, nil, nil, &standstill{})
		if taken > 0 || len(edits) != 1 || !strings.Contains(string(edits[0].Ours()), "HELLO") || s.Ready() {
			t.Fatalf("%s: %d bytes go out with %+v, ready %v", command, taken, edits, s.Ready())
		}
		answersInPieces(t, s, "*2\r\n$5\r\nproto\r\n:2\r\n", 2)
		if !s.Ready() {
			t.Fatalf("%s is not ready after the answer", command)
		}
		if edits, _, taken := s.Plan(p, nil, nil, &standstill{}); len(edits) > 0 || taken != len(p) {
			t.Fatalf("%s: edits %+v, %d of %d bytes taken", command, edits, taken, len(p))
		}
	}
}
