package entraconn

import (
	"fmt"
	"strings"
	"testing"
)

// Nearly every command and reply is taken without a closer look. What needs one must not be.

func sessionAfter(commands string) *session {
	s := &session{}
	s.init()
	s.plan(encode(strings.Split(commands, ", ")...), nil, nil, &standstill{})
	return s
}

// sessionKnownAs returns a session that has learned that number of the connection, if it is not 0.
func sessionKnownAs(t *testing.T, id int64) *session {
	t.Helper()
	s := &session{}
	s.init()
	if id != 0 {
		s.plan(encode("HELLO"), nil, nil, &standstill{})
		if _, _, err := s.received(fmt.Appendf(nil, "*2\r\n$2\r\nid\r\n:%d\r\n", id), 0, &standstill{}); err != nil || s.clientID() != id {
			t.Fatal(err, s.clientID())
		}
	}
	return s
}

func TestCommandsThatNeedACloserLook(t *testing.T) {
	ordinary := encode("GET k")
	for _, tc := range []struct {
		before string
		next   []byte
		taken  bool
	}{
		{"GET k", ordinary, true},
		{"MULTI", ordinary, true},
		{"GET k", encode("MULTI"), false},
		{"GET k", append(encode("GET k"), encode("RESET")...), false},
		{"GET k", ordinary[:7], false},
		{"ASKING", ordinary, false},                       // nothing may come between it and the next one
		{"CLIENT REPLY SKIP", ordinary, false},            // gives no reply
		{"CLIENT REPLY OFF", ordinary, false},             // so do all
		{"SUBSCRIBE a", ordinary, false},                  // its wire speaks another version than the host
		{"BLPOP k 0", ordinary, false},                    // must wait behind it
		{"GET k, BLPOP k 0", encode("GET behind"), false}, // so must that, and the other is not sent yet
	} {
		s := sessionAfter(tc.before)
		was := s.mark()
		commands, ok := s.takeOrdinary(tc.next)
		if ok != tc.taken || ok && commands != 1 {
			t.Errorf("%s, and then %q: took %d commands, %v", tc.before, tc.next, commands, ok)
		}
		if !ok && s.mark() != was {
			t.Errorf("%s, and then %q: not taken, but left %+v, was %+v", tc.before, tc.next, s.mark(), was)
		}
	}
	s := sessionAfter("GET k")
	s.plan(encode("BLPOP k 0")[:20], nil, nil, &standstill{}) // held back until it is whole
	if _, ok := s.takeOrdinary(ordinary); ok {
		t.Error("took what may be the rest of a command that is held back")
	}
}

// What was taken and not written is as if it had never been.
func TestCommandsTakenBack(t *testing.T) {
	s := sessionAfter("GET k")
	long := encode("SET k " + strings.Repeat("x", 100))
	for _, p := range [][]byte{encode("GET k"), append(encode("GET k"), encode("GET k")...), long[30:60]} {
		if len(p) == 30 {
			s.plan(long[:30], nil, nil, &standstill{})
		}
		was := s.mark()
		commands, ok := s.takeOrdinary(p)
		if !ok || s.mark() == was {
			t.Fatalf("%q: %v", p, ok)
		}
		if before := s.beforeOrdinary(len(p), commands); before != was {
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
		{commands: "GET k", answers: reply, next: "PING\r\nPING\r\n"}, // not RESP, so nobody knows what comes
		{commands: "MONITOR", answers: "+OK\r\n", next: string(encode("GET k"))},
	} {
		s := sessionAfter(tc.commands)
		if _, _, err := s.received([]byte(tc.answers), 0, &standstill{}); err != nil {
			t.Fatal(err)
		}
		if tc.next != "" {
			s.plan([]byte(tc.next), nil, nil, &standstill{})
		}
		if n := s.takeExpected([]byte(reply)); n != map[bool]int{true: len(reply)}[tc.taken] {
			t.Errorf("%s: took %d bytes", tc.commands, n)
		}
	}
}

// The client gets the null that it is owed before the reply to what it wrote after the call.
func TestRepliesAfterACancelledCallNeedACloserLook(t *testing.T) {
	s := &session{}
	s.init()
	world := &sliceWorld{}
	s.plan(encode("BLPOP k 0"), nil, nil, world)
	world.over = true
	if kept, behind, err := s.received([]byte("*-1\r\n"), 0, world); kept > 0 || len(behind) > 0 || err != nil || !s.ready() {
		t.Fatal(kept, behind, err)
	}
	world.end = owedNull
	if command, cancelled, due := s.again(world); command != nil || !cancelled || !due || !s.owes() || s.slicing() {
		t.Fatalf("%q, cancelled %v, due %v", command, cancelled, due)
	}
	s.plan(encode("GET k"), nil, nil, world)
	p := append(make([]byte, 0, 100), "$1\r\nx\r\n"...)
	if n := s.takeExpected(p); n != 0 {
		t.Errorf("took %d bytes", n)
	}
	if kept, behind, err := s.received(p, 0, world); string(p[:kept])+string(behind) != "*-1\r\n$1\r\nx\r\n" || err != nil || s.owes() {
		t.Errorf("the client read %q%q, %v", p[:kept], behind, err)
	}
}

// Hosts read four kilobytes at a time, so most longer replies come in pieces.
func TestRepliesInPiecesNeedNoCloserLook(t *testing.T) {
	const reply = "*3\r\n$5\r\nhello\r\n:42\r\n$200\r\n"
	all := []byte(reply + strings.Repeat("x", 200) + "\r\n")
	for cut := 1; cut < len(all); cut++ {
		s := sessionAfter("LRANGE k 0 2, GET k")
		for _, p := range [][]byte{all[:cut], all[cut:]} {
			if n := s.takeExpected(p); n != len(p) {
				t.Fatalf("cut at %d: took %d bytes of %q", cut, n, p)
			}
		}
		if s.quiet() {
			t.Fatalf("cut at %d: one reply was taken for two", cut)
		}
		if n := s.takeExpected([]byte(":1\r\n")); n != 4 || !s.quiet() {
			t.Fatalf("cut at %d: of the next reply %d bytes were taken", cut, n)
		}
	}
}

// An answer of ours, or one that is read along with the host, is not taken for the host's because it comes in pieces.
func TestAnswersInPiecesAreFollowed(t *testing.T) {
	const hello = "%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$2\r\nid\r\n:42\r\n"
	for _, known := range []int64{0, 42} {
		for _, tc := range []struct{ command, host string }{{"SUBSCRIBE a", ""}, {"HELLO 3", hello}} {
			for size := 1; size < len(hello); size++ {
				s := sessionKnownAs(t, known)
				s.plan(encode(tc.command), nil, nil, &standstill{})
				host := ""
				for rest := []byte(hello); len(rest) > 0; {
					p := rest[:min(size, len(rest))]
					rest = rest[len(p):]
					kept, behind, err := s.received(p, s.takeExpected(p), &standstill{})
					if err != nil {
						t.Fatal(err)
					}
					host += string(p[:kept]) + string(behind)
				}
				if host != tc.host || s.clientID() != 42 {
					t.Fatalf("%s, answered in pieces of %d bytes: the host read %q; the connection's number is %d", tc.command, size, host, s.clientID())
				}
			}
		}
	}
}

// The answer to a HELLO 2 of ours ends where a read does. What comes next in pieces is not taken for more of it.
func TestRepliesBehindAnAnswerOfOursAreWhole(t *testing.T) {
	s := sessionAfter("SUBSCRIBE a") // over a wire that speaks RESP3 meanwhile
	write := func(command string) { s.plan(encode(command), nil, nil, &standstill{}) }
	read := func(all string) (host string) {
		p := []byte(all)
		kept, behind, err := s.received(p, s.takeExpected(p), &standstill{})
		if err != nil {
			t.Fatal(err)
		}
		return string(p[:kept]) + string(behind)
	}
	read("%1\r\n$2\r\nid\r\n:42\r\n")
	read(">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n")
	write("UNSUBSCRIBE a")
	read(">3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n")
	write("GET k")
	if host := read("*2\r\n$2\r\nid\r\n:42\r\n"); host != "" {
		t.Fatalf("the host read the answer to ours: %q", host)
	}
	if host := read("$5\r\nhe") + read("llo\r\n"); host != "$5\r\nhello\r\n" {
		t.Errorf("the host read %q", host)
	}
}

// What comes in pieces behind the answer to an AUTH is the host's again, and taken at once.
func TestPiecesBehindAnAuthsAnswerAreTakenAtOnce(t *testing.T) {
	s := sessionAfter("GET k")
	s.plan(encode("GET k"), &testAuth{}, nil, &standstill{})
	for _, piece := range []struct {
		says  string
		taken int
	}{{"$1\r\nx\r\n", 7}, {"+OK\r\n", 0}, {"$5\r\nhe", 6}, {"llo\r\n", 5}} {
		p := []byte(piece.says)
		taken := s.takeExpected(p)
		kept, behind, err := s.received(p, taken, &standstill{})
		if taken != piece.taken || kept != taken || len(behind) > 0 || err != nil {
			t.Errorf("%q: took %d bytes, %d are the host's, %q behind, %v", p, taken, kept, behind, err)
		}
	}
}
