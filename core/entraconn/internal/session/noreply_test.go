package session_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

const (
	skipForbidden = "-NOPERM this user has no permissions to run the 'client|reply' command\r\n"
	skipOn6       = "-NOPERM this user has no permissions to run the 'client' command or its subcommand\r\n"
	ackForbidden  = "-NOPERM this user has no permissions to run the 'replconf' command\r\n"
	busy          = "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n"
	wrongType     = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"
	wrongPass     = "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
)

// An AUTH right after a command that may be answered by nothing, or by one reply too many: what is
// the client's goes to the client, and what is not the server's answer is no verdict.
func TestAuthAfterACommandWithoutAReply(t *testing.T) {
	const skip, ack = "CLIENT REPLY SKIP, SET k v", "REPLCONF ACK 0"
	for _, tc := range []struct {
		name, client, server string // without the answer to AUTH
		answer               string
		desync               bool
	}{
		{name: "skipped", client: skip, answer: "+OK\r\n"},
		{name: "skipped, token refused", client: skip, answer: wrongPass},
		{name: "SKIP forbidden", client: skip, server: skipForbidden + "+OK\r\n", answer: "+OK\r\n"},
		{name: "SKIP forbidden, token refused silently", client: skip, server: skipForbidden + "+OK\r\n"},
		{name: "ACK forbidden, token refused silently", client: ack, server: ackForbidden},
		{name: "SKIP forbidden on Redis 6", client: skip, server: skipOn6 + "+OK\r\n", answer: "+OK\r\n"},
		{name: "SKIP forbidden, and so is the next", client: skip, server: skipForbidden + "-NOPERM no 'set' command\r\n", answer: "+OK\r\n"},
		{name: "SKIP forbidden, token refused", client: skip, server: skipForbidden + "+OK\r\n", answer: wrongPass},
		{name: "SKIP while a script runs", client: skip, server: busy + busy, answer: "+OK\r\n"},
		{name: "SKIP unknown", client: skip, server: "-ERR unknown command 'CLIENT', with args beginning with: 'REPLY'\r\n+OK\r\n", answer: "+OK\r\n"},
		{name: "SKIP unknown as a subcommand", client: skip, server: "-ERR unknown subcommand 'REPLY'. Try CLIENT HELP.\r\n+OK\r\n", answer: "+OK\r\n"},
		{name: "many skipped", client: skip + ", " + skip + ", " + skip, answer: "+OK\r\n"},
		{name: "many forbidden", client: skip + ", " + skip, server: skipForbidden + "+OK\r\n" + skipForbidden + "$1\r\nx\r\n", answer: "+OK\r\n"},
		{name: "one of many forbidden", client: skip + ", " + skip, server: skipForbidden + "+OK\r\n", answer: "+OK\r\n"},
		{name: "ACK and SKIP", client: ack + ", " + skip, answer: "+OK\r\n"},
		{name: "ACK and SKIP forbidden", client: ack + ", " + skip, server: ackForbidden + skipForbidden + "+OK\r\n", answer: "+OK\r\n"},
		{name: "of SKIP and ACK one forbidden", client: skip + ", " + ack, server: ackForbidden, answer: "+OK\r\n"},
		{name: "ACK or SKIP while a script runs", client: skip + ", " + ack, server: busy + busy + busy, desync: true},
		{name: "acknowledged", client: ack, answer: "+OK\r\n"},
		{name: "ACK forbidden", client: ack, server: ackForbidden, answer: "+OK\r\n"},
		{name: "many ACKs forbidden", client: ack + ", " + ack, server: ackForbidden + ackForbidden, answer: "+OK\r\n"},
		{name: "ACK forbidden, token refused", client: ack, server: ackForbidden, answer: wrongPass},
		{name: "words that say nothing", client: skip, server: "-ERR no\r\n+OK\r\n", desync: true},
		{name: "words of a data command", client: ack, server: wrongType, desync: true},
		{name: "words without an end", client: skip, server: "-NOPERM 'client|reply' " + strings.Repeat("x", 1000) + "\r\n", desync: true},
	} {
		whole := tc.server + tc.answer
		if !tc.desync {
			whole += markerAnswer
		}
		for cut := range len(whole) {
			var s session.Session
			s.Init(false)
			auth := &testAuth{wire: "AUTH"}
			if n := planned(&s, modelserver.Encode(strings.Split(tc.client, ", ")...), *auth); n != 0 || !s.MayAuth() {
				t.Fatalf("%s: AUTH has no place", tc.name)
			}
			s.AddAuth(auth)
			read, err := receivedInTwo(&s, whole, cut)
			verdicts := s.TakeAnswers().Verdicts
			if len(verdicts) != 1 {
				t.Fatalf("%s, cut at %d: verdicts %+v", tc.name, cut, verdicts)
			}
			switch v := verdicts[0]; {
			case tc.desync:
				if err != session.ErrDesync || !v.Lost || read != "" {
					t.Errorf("%s, cut at %d: %v, the client read %q, verdict %+v", tc.name, cut, err, read, v)
				}
			case err != nil || read != tc.server || v.Lost || v.OK != (tc.answer == "+OK\r\n") || !v.OK && !v.Failure.BlamesToken():
				t.Errorf("%s, cut at %d: %v, the client read %q, verdict %+v", tc.name, cut, err, read, v)
			case !s.MayAuth() || !s.Idle():
				t.Errorf("%s, cut at %d: may AUTH %v, idle %v", tc.name, cut, s.MayAuth(), s.Idle())
			}
		}
	}
}

// receivedInTwo returns what the client reads of what the server sends in two pieces.
func receivedInTwo(s *session.Session, words string, cut int) (read string, err error) {
	for _, piece := range []string{words[:cut], words[cut:]} {
		p := []byte(piece)
		kept, after, err := s.Received(p, s.TakeExpected(p), &standstill{})
		read += string(p[:kept]) + string(after)
		if err != nil {
			return read, err
		}
	}
	return read, nil
}

// While the client waits for a reply that will prove the count, AUTH waits for it as well. After an
// error that may be of either command the replies are not counted any more.
func TestReplyAfterACommandWithoutOne(t *testing.T) {
	const skip = "CLIENT REPLY SKIP, SET k v, GET k"
	for _, tc := range []struct {
		name, client, server string
		why                  session.Reason
		barred               bool // AUTH has no place in the end, until the client writes more
	}{
		{name: "skipped", client: skip, server: "$1\r\nv\r\n"},
		{name: "skipped, then an error of the server's data", client: skip, server: wrongType},
		{name: "skipped, then an error that names its command", client: skip, server: "-NOPERM this user has no permissions to run the 'get' command\r\n"},
		{name: "skipped, then an error that names another of its kind", client: skip, server: "-NOPERM this user has no permissions to run the 'client|list' command\r\n"},
		{name: "skipped, then too many arguments", client: skip, server: "-ERR wrong number of arguments for 'client|reply' command\r\n"},
		{name: "skipped, then too many arguments on Redis 6", client: "CLIENT REPLY SKIP, SET k v, CLIENT REPLY SKIP x", why: session.BecauseUnknown, server: "-ERR Unknown subcommand or wrong number of arguments for 'REPLY'. Try CLIENT HELP\r\n"},
		{name: "skipped, then too few arguments", client: skip, server: "-ERR wrong number of arguments for 'client' command\r\n"},
		{name: "acknowledged, then too few arguments", client: "REPLCONF ACK 0, GET k", server: "-ERR wrong number of arguments for 'replconf' command\r\n"},
		{name: "acknowledged, then a server without a cluster", client: "REPLCONF ACK 0, GET k", server: "-ERR This instance has cluster support disabled\r\n"},
		{name: "skipped, then another protocol", client: skip, server: "-NOPROTO unsupported protocol version\r\n"},
		{name: "skipped, then what a script may not do", client: skip, server: "-ERR This Redis command is not allowed from script script: 7f, on @user_script:1.\r\n"},
		{name: "skipped, then an option that is none", client: skip, server: "-ERR unsupported unit provided. please use M, KM, FT, MI\r\n"},
		{name: "SKIP is not known in words that name nothing", client: skip, server: "-ERR this command is not supported\r\n", why: session.BecauseUnknown},
		{name: "skipped, then an error of a script", client: skip, server: "-ERR value is not an integer or out of range\r\n"},
		{name: "forbidden", client: skip, server: skipForbidden + "+OK\r\n$1\r\nv\r\n"},
		{name: "forbidden, and errors after it", client: skip, server: skipForbidden + wrongType + wrongType},
		{name: "busy", client: skip, server: busy + busy + busy, why: session.BecauseUnknown},
		{name: "skipped, then busy", client: skip, server: busy, why: session.BecauseUnknown},
		{name: "forbidden after SKIP of SKIP", client: "CLIENT REPLY SKIP, " + skip, server: skipForbidden + skipForbidden + "+OK\r\n$1\r\nv\r\n", why: session.BecauseUnknown},
		{name: "acknowledged", client: "REPLCONF ACK 0, GET k", server: "$1\r\nv\r\n"},
		{name: "ACK forbidden", client: "REPLCONF ACK 0, GET k", server: ackForbidden + "$1\r\nv\r\n"},
		{name: "ACK and SKIP, one forbidden", client: "REPLCONF ACK 0, " + skip, server: ackForbidden + "$1\r\nv\r\n"},
		{name: "skipped twice", client: "CLIENT REPLY SKIP, " + skip, server: "$1\r\nv\r\n", why: session.BecauseUnknown},
		{name: "skipped twice without a reply", client: "CLIENT REPLY SKIP, CLIENT REPLY SKIP, SET k v, REPLCONF ACK 0", why: session.BecauseUnknown},
		{name: "skipped before a call that blocks", client: "CLIENT REPLY SKIP, SET k v, BLPOP k 1", server: "*2\r\n$1\r\nk\r\n$1\r\nv\r\n"},
		{name: "forbidden before a call that blocks", client: "CLIENT REPLY SKIP, SET k v, BLPOP k 1", server: skipForbidden + "+OK\r\n*2\r\n$1\r\nk\r\n$1\r\nv\r\n"},
		{name: "skipped before a call that is refused", client: "CLIENT REPLY SKIP, SET k v, BLPOP k 1", server: wrongType},
		{name: "silent after it", client: skip + ", CLIENT REPLY OFF", server: "$1\r\nv\r\n", why: session.BecauseSilent},
	} {
		for cut := range max(1, len(tc.server)) {
			var s session.Session
			s.Init(false)
			s.Plan(modelserver.Encode(strings.Split(tc.client, ", ")...), nil, nil, &standstill{})
			if s.MayAuth() {
				t.Fatalf("%s: AUTH has a place while the count is to be proven", tc.name)
			}
			read, err := receivedInTwo(&s, tc.server, cut)
			if err != nil || read != tc.server {
				t.Errorf("%s, cut at %d: %v, the client read %q", tc.name, cut, err, read)
			}
			if why, _ := s.BarredBy(); why != tc.why || s.MayAuth() != (why == session.Renewable && !tc.barred) || s.Slicing() ||
				s.MayAuth() && !s.Idle() {
				t.Errorf("%s, cut at %d: barred by %q, may AUTH %v, slicing %v, idle %v", tc.name, cut, why, s.MayAuth(), s.Slicing(), s.Idle())
			}
		}
	}
}

// A call that is sent in slices after them begins at once. Its reply proves the count.
func TestSlicedCallAfterSkip(t *testing.T) {
	const popped = "*2\r\n$1\r\nk\r\n$1\r\nv\r\n"
	for _, tc := range []struct {
		server string
		why    session.Reason
	}{
		{server: popped},
		{server: skipForbidden + "+OK\r\n" + popped},
		{server: wrongType},
		{server: busy, why: session.BecauseUnknown},
	} {
		for cut := range len(tc.server) {
			s := sessionKnownAs(t, 17)
			s.Plan(modelserver.Encode("CLIENT REPLY SKIP", "SET k v", "BLPOP k 0"), nil, nil, &sliceWorld{})
			if !s.Slicing() {
				t.Fatal("not sent in slices")
			}
			read, err := receivedInTwo(s, tc.server, cut)
			if err != nil || read != tc.server || s.Slicing() {
				t.Errorf("cut at %d: %v, the client read %q of %q, slicing %v", cut, err, read, tc.server, s.Slicing())
			}
			if why, _ := s.BarredBy(); why != tc.why {
				t.Errorf("cut at %d of %q: barred by %q", cut, tc.server, why)
			}
		}
	}
}

// A client that reads the refusal writes a command next that is not skipped, and may be any.
func TestRefusedSkipIsForgotten(t *testing.T) {
	var s session.Session
	s.Init(false)
	for range 3 {
		s.Plan(modelserver.Encode("CLIENT REPLY SKIP"), nil, nil, &standstill{})
		if s.MayAuth() {
			t.Error("AUTH may be skipped")
		}
		if read, err := receivedInTwo(&s, skipForbidden, 20); read != skipForbidden || err != nil {
			t.Errorf("the client read %q, %v", read, err)
		}
	}
	if !s.MayAuth() || !s.Idle() {
		t.Error("AUTH has no place although nothing is skipped")
	}
	s.Plan(modelserver.Encode("MULTI", "GET k", "EXEC", "GET k"), nil, nil, &standstill{})
	answers := "+OK\r\n+QUEUED\r\n*1\r\n$1\r\nx\r\n$1\r\nx\r\n"
	if read, err := receivedInTwo(&s, answers, 9); read != answers || err != nil || !s.MayAuth() || !s.Idle() {
		t.Errorf("the client read %q, %v; may AUTH %v", read, err, s.MayAuth())
	}
}

// A subscription confirms by a push that nothing before it was refused.
func TestSubscriptionAfterSkip(t *testing.T) {
	var s session.Session
	s.Init(false)
	s.Plan(modelserver.Encode("HELLO 3"), nil, nil, &standstill{})
	if _, err := receivedInTwo(&s, "%1\r\n+proto\r\n:3\r\n", 5); err != nil {
		t.Fatal(err)
	}
	s.Plan(modelserver.Encode("CLIENT REPLY SKIP", "SET k v", "SUBSCRIBE a"), nil, nil, &standstill{})
	const confirmed = ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
	if read, err := receivedInTwo(&s, confirmed, 7); read != confirmed || err != nil || !s.MayAuth() || !s.Idle() {
		t.Errorf("the client read %q, %v; may AUTH %v, idle %v", read, err, s.MayAuth(), s.Idle())
	}
}

// A client that never reads skips any number of replies.
func TestSkipsTakeNoMemory(t *testing.T) {
	var s session.Session
	s.Init(false)
	p := bytes.Repeat(modelserver.Encode("CLIENT REPLY SKIP", "SET k v", "REPLCONF ACK 0"), 100)
	plan := func() { s.Plan(p, nil, nil, &standstill{}) }
	plan()
	if n := testing.AllocsPerRun(1000, plan); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if !s.MayAuth() {
		t.Error("AUTH has no place")
	}
}

// Where it is not known how many replies refused commands leave, the answer to a question of ours could
// be taken for one of them. So before a call that blocks no question goes out, and before a subscription
// no HELLO. A call that needs none is sent in slices.
func TestNoQuestionAfterSkip(t *testing.T) {
	const popped = "*2\r\n$1\r\nk\r\n$1\r\nv\r\n"
	const subscribed = "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
	for _, skips := range []string{"CLIENT REPLY SKIP, SET k v", "REPLCONF ACK 0", "REPLCONF ACK 0, CLIENT REPLY SKIP, SET k v"} {
		for command, answer := range map[string]string{"BLPOP k 0": popped, "XREAD BLOCK 0 STREAMS k $": popped, "SUBSCRIBE a": subscribed} {
			for _, refused := range []string{"", busy + busy + busy, skipForbidden + "+OK\r\n"} {
				var s session.Session
				s.Init(false)
				sent := strings.Split(skips+", "+strings.Replace(command, "BLPOP k 0", "BLPOP k 60.000", 1), ", ")
				p := modelserver.Encode(strings.Split(skips+", "+command, ", ")...)
				edits, _, taken := s.Plan(p, nil, nil, &sliceWorld{})
				if wire := composed(p[:taken], edits); wire != string(modelserver.Encode(sent...)) {
					t.Errorf("%s, %s: goes out as %q", skips, command, wire)
				}
				if read, err := receivedInTwo(&s, refused+answer, 4); err != nil || read != refused+answer {
					t.Errorf("%s, %s: %v, the client read %q of %q", skips, command, err, read, refused+answer)
				}
			}
		}
	}
}

// The answer to the first slice proves the count, and the question for the number goes out with the second.
func TestNumberIsLearnedWithTheSecondSlice(t *testing.T) {
	for _, refused := range []string{"", ackForbidden} {
		s, world := &session.Session{}, &sliceWorld{}
		s.Init(false)
		goesOut(t, s, "REPLCONF ACK 0", world)
		goesOut(t, s, "BLPOP k 0", world)
		world.ended = true
		answer(t, s, world, refused+"*-1\r\n", refused)
		if !s.Ready() || !s.Slicing() {
			t.Fatalf("ready %v, slicing %v after the first slice", s.Ready(), s.Slicing())
		}
		next := s.NextSlice(world)
		edits, _, taken := s.Plan(next, nil, nil, world)
		if wire := composed(next[:taken], edits); !strings.Contains(wire, "CLIENT") {
			t.Errorf("the second slice goes out as %q", wire)
		}
	}
}

// What real servers said of another command, and SKIP or ACK was not refused.
func TestErrorsThatNameWhatWasNotRefused(t *testing.T) {
	const skip = "CLIENT REPLY SKIP, SET k v, "
	for _, tc := range []struct{ client, server string }{
		{skip + "CLIENT ID", "-NOPERM this user has no permissions to run the 'client' command or its subcommand\r\n"}, // Redis 6.0, with +client|reply
		{skip + "EVAL x 0", "-ERR user_script:1: Script attempted to access nonexistent global variable 'reply' script: a69b, on @user_script:1.\r\n"},
		{skip + "EVAL x 0", "-ERR user_script:1: attempt to index local 'reply' (a nil value) script: 3f78, on @user_script:1.\r\n"},
		{skip + "OBJECT reply", "-ERR unknown subcommand 'reply'. Try OBJECT HELP.\r\n"},
		{skip + "CONFIG client", "-ERR unknown subcommand 'client'. Try CONFIG HELP.\r\n"},
		{skip + "CONFIG SET client x", "-ERR Unknown option or number of arguments for CONFIG SET - 'client'\r\n"},
		{"REPLCONF ACK 0, EVAL x 0", "-ERR user_script:1: attempt to index local 'replconf' (a nil value) script: 3f78, on @user_script:1.\r\n"},
	} {
		var s session.Session
		s.Init(false)
		s.Plan(modelserver.Encode(strings.Split(tc.client, ", ")...), nil, nil, &standstill{})
		read, want, auths := "", "", 0
		reads := func(p string, isClients bool) {
			got, err := receivedInTwo(&s, p, len(p))
			if read += got; err != nil {
				t.Errorf("%s: %v", tc.client, err)
			}
			if isClients {
				want += p
			}
		}
		reads(tc.server, true)
		for range 4 { // the client does nothing but GET, and an AUTH goes in where it may
			edits, _, _ := s.Plan(modelserver.Encode("GET k"), &testAuth{wire: "AUTH"}, nil, &standstill{})
			for _, e := range edits {
				if e.Auth != nil {
					auths++
					reads("+OK\r\n", false)
				} else {
					reads(markerAnswer, false)
				}
			}
			reads("$1\r\nv\r\n", true)
		}
		if why, _ := s.BarredBy(); read != want || auths == 0 && why != session.BecauseUnknown {
			t.Errorf("%s: %d AUTHs, barred by %q; the client read\n%q, want\n%q", tc.client, auths, why, read, want)
		}
	}
}

// The first of two SKIPs is refused, and the second one may still skip an AUTH.
func TestRefusalOfASkipBeforeTheLast(t *testing.T) {
	var s session.Session
	s.Init(false)
	s.Plan(modelserver.Encode("CLIENT REPLY SKIP", "GET k", "GET k", "CLIENT REPLY SKIP"), nil, nil, &standstill{})
	answers := skipForbidden + "$1\r\nx\r\n$1\r\nx\r\n"
	if read, err := receivedInTwo(&s, answers, 20); read != answers || err != nil {
		t.Errorf("the client read %q, %v", read, err)
	}
	if s.MayAuth() {
		t.Error("AUTH may be skipped")
	}
}
