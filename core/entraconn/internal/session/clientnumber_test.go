package session_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// The number of the connection is learned from the answer to HELLO, wherever the reads end, also
// where the answer to the login comes with it and is taken out before it.
func TestNumberOfTheConnection(t *testing.T) {
	const hello = "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.4.1\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:12345\r\n" +
		"$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"
	for cut := range len(hello) {
		var s session.Session
		s.Init(false)
		s.Plan(modelserver.Encode("HELLO 3"), &testAuth{first: true}, nil, &standstill{})
		var client []byte
		for _, piece := range []string{"+OK\r\n" + hello[:cut], hello[cut:]} {
			p := []byte(piece)
			kept, after, err := s.Received(p, s.TakeExpected(p), &standstill{})
			if err != nil {
				t.Fatal(err)
			}
			client = append(append(client, p[:kept]...), after...)
			s.TakeAnswers()
		}
		if s.ClientNumber() != 12345 || string(client) != hello {
			t.Errorf("cut after %q: number %d, the client read %q", hello[:cut], s.ClientNumber(), client)
		}
	}
}

// Of a long answer only the start is kept, which may end inside the number.
func TestNumberThatIsCut(t *testing.T) {
	const kept = 512
	for _, field := range []string{"$2\r\nid\r\n:12345", "+id\r\n+12345", "$2\r\nid\r\n$5\r\n12345"} {
		learned := 0
		for server := kept - 80; server < kept; server++ {
			var s session.Session
			s.Init(false)
			s.Plan(modelserver.Encode("HELLO 3"), nil, nil, &standstill{})
			p := fmt.Appendf(nil, "%%2\r\n$6\r\nserver\r\n$%d\r\n%s\r\n%s\r\n", server, strings.Repeat("x", server), field)
			if _, _, err := s.Received(p, 0, &standstill{}); err != nil || s.ClientNumber() != 0 && s.ClientNumber() != 12345 {
				t.Errorf("%q after a name of %d bytes: number %d, %v", field, server, s.ClientNumber(), err)
			}
			if s.ClientNumber() != 0 {
				learned++
			}
		}
		if learned == 0 || learned == 80 {
			t.Errorf("%q: learned from %d of 80 answers, so no cut was tried", field, learned)
		}
	}
}

// A client that says no HELLO has the number asked for, with the first slice of its first call that
// is sent in slices, and never again: whatever the answer is, and however the network cuts it.
func TestNumberIsAskedForOnce(t *testing.T) {
	const null = "*-1\r\n"
	for _, tc := range []struct {
		answer string
		want   int64
	}{
		{":12345\r\n", 12345},
		{"-NOPERM User us has no permissions to run the 'client|id' command\r\n", 0},
		{"-ERR unknown command 'CLIENT'\r\n", 0},
		{"+OK\r\n", 0},
		{":0\r\n", 0},
		{":-1\r\n", 0},
	} {
		for cut := range len(tc.answer) + len(null) {
			var s session.Session
			s.Init(false)
			world := &sliceWorld{}
			if wire := goesOut(t, &s, "BLPOP k 1", world); wire != string(modelserver.Encode("BLPOP k 1")) {
				t.Fatalf("a short call goes out as %q", wire)
			}
			answer(t, &s, world, null, null)
			if wire := goesOut(t, &s, "BLPOP k 0", world); wire != string(modelserver.Encode("CLIENT ID", "BLPOP k 60.000")) {
				t.Fatalf("the first slice goes out as %q", wire)
			}
			world.ended = true
			both := tc.answer + null
			answer(t, &s, world, both[:cut], "")
			answer(t, &s, world, both[cut:], "")
			if s.ClientNumber() != tc.want || !s.Ready() {
				t.Fatalf("%q cut at %d: number %d, slice ended: %v", tc.answer, cut, s.ClientNumber(), s.Ready())
			}
			s.Plan(s.NextSlice(world), nil, nil, world)
			world.ended = false
			answer(t, &s, world, null, null)
			if wire := goesOut(t, &s, "BLPOP k 0", world); wire != string(modelserver.Encode("BLPOP k 60.000")) {
				t.Fatalf("%q: the next call goes out as %q", tc.answer, wire)
			}
		}
	}
}

// A question that was not written is asked again.
func TestNumberIsAskedForAgainAfterARetract(t *testing.T) {
	var s session.Session
	s.Init(false)
	for range 2 {
		mark := s.Mark()
		if wire := goesOut(t, &s, "BLPOP k 0", &sliceWorld{}); wire != string(modelserver.Encode("CLIENT ID", "BLPOP k 60.000")) {
			t.Errorf("goes out as %q", wire)
		}
		if s.Retract(&mark); s.Slicing() || !s.Idle() {
			t.Error("something is left after Retract")
		}
	}
}

// What stands in the place of the answer is a reply to the client, so replies were counted wrongly.
func TestUnexpectedAnswerToClientIDEndsTheConnection(t *testing.T) {
	for _, reply := range []string{"$2\r\n17\r\n", ":x\r\n", "*1\r\n:17\r\n", "_\r\n"} {
		var s session.Session
		s.Init(false)
		s.Plan(modelserver.Encode("BLPOP k 0"), nil, nil, &sliceWorld{})
		if kept, after, err := s.Received([]byte(reply), 0, &sliceWorld{}); kept+len(after) > 0 || err != session.ErrDesync {
			t.Errorf("%q: kept %d, %q, %v", reply, kept, after, err)
		}
	}
}

// goesOut returns what goes out when the client writes one command.
func goesOut(t *testing.T, s *session.Session, command string, world *sliceWorld) string {
	t.Helper()
	p := modelserver.Encode(command)
	edits, _, taken := s.Plan(p, nil, nil, world)
	if taken != len(p) {
		t.Fatalf("%s: %d of %d bytes are taken", command, taken, len(p))
	}
	return composed(p, edits)
}

// composed returns what goes out of p with edits.
func composed(p []byte, edits []session.Edit) string {
	var out []byte
	from := 0
	for _, e := range edits {
		out = append(append(out, p[from:e.At]...), e.Ours()...)
		from = e.At + e.Cut
	}
	return string(append(out, p[from:]...))
}

// answer has the server say words, of which the client must read so much.
func answer(t *testing.T, s *session.Session, world *sliceWorld, words, client string) {
	t.Helper()
	p := []byte(words)
	kept, after, err := s.Received(p, s.TakeExpected(p), world)
	if got := string(p[:kept]) + string(after); err != nil || got != client {
		t.Fatalf("%q: the client reads %q, %v; want %q", words, got, err, client)
	}
}
