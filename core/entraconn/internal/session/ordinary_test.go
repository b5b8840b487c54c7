package session_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
)

// Nearly every command and reply is taken without a closer look. What needs one must not be.

func sessionAfter(commands string) *session.Session {
	s := &session.Session{}
	s.Init(false)
	s.Plan(modelserver.Encode(strings.Split(commands, ", ")...), nil, nil, &standstill{})
	return s
}

// sessionKnownAs returns a session that has learned that number of the connection, if it is not 0.
func sessionKnownAs(t *testing.T, id int64) *session.Session {
	t.Helper()
	s := &session.Session{}
	s.Init(false)
	if id != 0 {
		s.Plan(modelserver.Encode("HELLO"), nil, nil, &standstill{})
		if _, _, err := s.Received(fmt.Appendf(nil, "*2\r\n$2\r\nid\r\n:%d\r\n", id), 0, &standstill{}); err != nil || s.ClientNumber() != id {
			t.Fatal(err, s.ClientNumber())
		}
	}
	return s
}

func TestCommandsThatNeedACloserLook(t *testing.T) {
	ordinary := modelserver.Encode("GET k")
	for _, tc := range []struct {
		before string
		next   []byte
		taken  bool
	}{
		{"GET k", ordinary, true},
		{"MULTI", ordinary, true},
		{"GET k", modelserver.Encode("MULTI"), false},
		{"GET k", append(modelserver.Encode("GET k"), modelserver.Encode("RESET")...), false},
		{"GET k", ordinary[:7], false},
		{"ASKING", ordinary, false},                                  // nothing may come between it and the next one
		{"CLIENT REPLY SKIP", ordinary, false},                       // gives no reply
		{"CLIENT REPLY OFF", ordinary, false},                        // so do all
		{"SUBSCRIBE a", ordinary, false},                             // its wire speaks another version than the client
		{"BLPOP k 0", ordinary, false},                               // must wait after it
		{"GET k, BLPOP k 0", modelserver.Encode("GET after"), false}, // so must that, and the other is not sent yet
	} {
		s := sessionAfter(tc.before)
		was := s.Mark()
		commands, ok := s.TakeOrdinary(tc.next)
		if ok != tc.taken || ok && commands != 1 {
			t.Errorf("%s, and then %q: took %d commands, %v", tc.before, tc.next, commands, ok)
		}
		if !ok && s.Mark() != was {
			t.Errorf("%s, and then %q: not taken, but left %+v, was %+v", tc.before, tc.next, s.Mark(), was)
		}
	}
	s := sessionAfter("GET k")
	s.Plan(modelserver.Encode("BLPOP k 0")[:20], nil, nil, &standstill{}) // held back until it is whole
	if _, ok := s.TakeOrdinary(ordinary); ok {
		t.Error("took what may be the rest of a command that is held back")
	}
}

// What was taken and not written is as if it had never been.
func TestCommandsTakenBack(t *testing.T) {
	s := sessionAfter("GET k")
	long := modelserver.Encode("SET k " + strings.Repeat("x", 100))
	for _, p := range [][]byte{modelserver.Encode("GET k"), append(modelserver.Encode("GET k"), modelserver.Encode("GET k")...), long[30:60]} {
		if len(p) == 30 {
			s.Plan(long[:30], nil, nil, &standstill{})
		}
		was := s.Mark()
		commands, ok := s.TakeOrdinary(p)
		if !ok || s.Mark() == was {
			t.Fatalf("%q: %v", p, ok)
		}
		if before := s.Mark().BeforeOrdinary(len(p), commands); before != was {
			t.Errorf("%q: %+v before it, was %+v", p, before, was)
		}
	}
}

func TestRepliesThatNeedACloserLook(t *testing.T) {
	const reply = "$1\r\nx\r\n"
	for _, tc := range []struct {
		commands string
		answers  string
		next     string
		taken    bool
	}{
		{commands: "GET k", taken: true},
		{commands: "GET k, BLPOP k 0"}, // which is sent when all before it is answered
		{commands: "BLPOP k 0"},
		{commands: "HELLO 3"},
		{commands: "GET k", answers: reply, next: "PING\r\nPING\r\n"}, // not RESP, so what follows is unknown
		{commands: "MONITOR", answers: "+OK\r\n", next: string(modelserver.Encode("GET k"))},
	} {
		s := sessionAfter(tc.commands)
		if _, _, err := s.Received([]byte(tc.answers), 0, &standstill{}); err != nil {
			t.Fatal(err)
		}
		if tc.next != "" {
			s.Plan([]byte(tc.next), nil, nil, &standstill{})
		}
		if n := s.TakeExpected([]byte(reply)); n != map[bool]int{true: len(reply)}[tc.taken] {
			t.Errorf("%s: took %d bytes", tc.commands, n)
		}
	}
}

// The client gets the pending reply before the reply to what it wrote after the call.
func TestRepliesAfterACancelledCallNeedACloserLook(t *testing.T) {
	world := &sliceWorld{}
	s := leased(t, world)
	world.ended = true
	if kept, after, err := s.Received([]byte("*-1\r\n"), 0, world); kept > 0 || len(after) > 0 || err != nil || !s.Ready() {
		t.Fatal(kept, after, err)
	}
	if wake := s.TakeUnblock(session.Unblock{Reply: lease.NullReply}); !wake || !s.HasPendingReply() || s.Slicing() {
		t.Fatalf("wake %v, pending reply %v, in slices %v", wake, s.HasPendingReply(), s.Slicing())
	}
	s.Plan(modelserver.Encode("GET k"), nil, nil, world)
	p := append(make([]byte, 0, 100), "$1\r\nx\r\n"...)
	if n := s.TakeExpected(p); n != 0 {
		t.Errorf("took %d bytes", n)
	}
	if kept, after, err := s.Received(p, 0, world); string(p[:kept])+string(after) != "*-1\r\n$1\r\nx\r\n" || err != nil || s.HasPendingReply() {
		t.Errorf("the client read %q%q, %v", p[:kept], after, err)
	}
}

// Clients read four kilobytes at a time, so most longer replies come in pieces.
func TestRepliesInPiecesNeedNoCloserLook(t *testing.T) {
	const reply = "*3\r\n$5\r\nhello\r\n:42\r\n$200\r\n"
	all := []byte(reply + strings.Repeat("x", 200) + "\r\n")
	for cut := 1; cut < len(all); cut++ {
		s := sessionAfter("LRANGE k 0 2, GET k")
		for _, p := range [][]byte{all[:cut], all[cut:]} {
			if n := s.TakeExpected(p); n != len(p) {
				t.Fatalf("cut at %d: took %d bytes of %q", cut, n, p)
			}
		}
		if s.Idle() {
			t.Fatalf("cut at %d: one reply was taken for two", cut)
		}
		if n := s.TakeExpected([]byte(":1\r\n")); n != 4 || !s.Idle() {
			t.Fatalf("cut at %d: of the next reply %d bytes were taken", cut, n)
		}
	}
}

// An answer of ours, or one that is read along with the client, is not taken for the client's
// because it comes in pieces.
func TestAnswersInPiecesAreFollowed(t *testing.T) {
	const hello = "%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$2\r\nid\r\n:42\r\n"
	for _, known := range []int64{0, 42} {
		for _, tc := range []struct{ command, client string }{{"SUBSCRIBE a", ""}, {"HELLO 3", hello}} {
			for size := 1; size < len(hello); size++ {
				s := sessionKnownAs(t, known)
				s.Plan(modelserver.Encode(tc.command), nil, nil, &standstill{})
				client := ""
				for rest := []byte(hello); len(rest) > 0; {
					p := rest[:min(size, len(rest))]
					rest = rest[len(p):]
					kept, after, err := s.Received(p, s.TakeExpected(p), &standstill{})
					if err != nil {
						t.Fatal(err)
					}
					client += string(p[:kept]) + string(after)
				}
				if client != tc.client || s.ClientNumber() != 42 {
					t.Fatalf("%s, answered in pieces of %d bytes: the client read %q; the connection's number is %d", tc.command, size, client, s.ClientNumber())
				}
			}
		}
	}
}

// The answer to a HELLO 2 of ours ends where a read does. What comes next in pieces is not taken
// for more of it.
func TestRepliesAfterAnAnswerOfOursAreWhole(t *testing.T) {
	s := sessionAfter("SUBSCRIBE a") // over a wire that speaks RESP3 meanwhile
	write := func(command string) { s.Plan(modelserver.Encode(command), nil, nil, &standstill{}) }
	read := func(all string) (client string) {
		p := []byte(all)
		kept, after, err := s.Received(p, s.TakeExpected(p), &standstill{})
		if err != nil {
			t.Fatal(err)
		}
		return string(p[:kept]) + string(after)
	}
	read("%1\r\n$2\r\nid\r\n:42\r\n")
	read(">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n")
	write("UNSUBSCRIBE a")
	read(">3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n")
	write("GET k")
	if client := read("*2\r\n$2\r\nid\r\n:42\r\n"); client != "" {
		t.Fatalf("the client read the answer to ours: %q", client)
	}
	if client := read("$5\r\nhe") + read("llo\r\n"); client != "$5\r\nhello\r\n" {
		t.Errorf("the client read %q", client)
	}
}

// What comes in pieces after the answer to an AUTH is the client's again, and taken at once.
func TestPiecesAfterAnAuthsAnswerAreTakenAtOnce(t *testing.T) {
	s := sessionAfter("GET k")
	s.Plan(modelserver.Encode("GET k"), &testAuth{}, nil, &standstill{})
	for _, piece := range []struct {
		says  string
		taken int
	}{{"$1\r\nx\r\n", 7}, {"+OK\r\n" + markerAnswer, 0}, {"$5\r\nhe", 6}, {"llo\r\n", 5}} {
		p := []byte(piece.says)
		taken := s.TakeExpected(p)
		kept, after, err := s.Received(p, taken, &standstill{})
		if taken != piece.taken || kept != taken || len(after) > 0 || err != nil {
			t.Errorf("%q: took %d bytes, %d are the client's, %q after, %v", p, taken, kept, after, err)
		}
	}
}
