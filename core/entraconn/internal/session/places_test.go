package session_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// What a session makes of exchanges that are too rare, or too odd, for the model test to meet them.
// A line of the server is one frame.
func TestPlacesForAuth(t *testing.T) {
	push := func(kind string, remaining int) string {
		return ">3\r\n$" + strconv.Itoa(len(kind)) + "\r\n" + kind + "\r\n$1\r\ns\r\n:" + strconv.Itoa(remaining) + "\r\n"
	}
	hello := "%1\r\n+proto\r\n:3\r\n"
	for _, tc := range []struct {
		name     string
		first    string // what the client does before
		hello    string // and the answer to that
		client   string
		server   string
		relogins int            // AUTHs that go before the next command
		free     bool           // AUTH has a place at the end
		why      session.Reason // if it has none for some time, or never again
	}{
		{name: "RESET ends a transaction", client: "MULTI, GET k, RESET", server: "+OK\r\n+QUEUED\r\n+RESET\r\n", relogins: 1, free: true},
		{name: "RESET after a RESP2 subscription", first: "SUBSCRIBE a", hello: hello + push("subscribe", 1), client: "RESET",
			server: "+RESET\r\n", relogins: 1, free: true},
		{name: "RESET after a login of the client's", client: "AUTH me mine, RESET", server: "+OK\r\n+RESET\r\n", why: session.BecauseClientAuth},
		{name: "RESET after MONITOR", client: "MONITOR, RESET", server: "+OK\r\n+RESET\r\n", why: session.BecauseTakeover},
		{name: "RESET while HELLO is unanswered", client: "HELLO 3, RESET", server: hello + "+RESET\r\n", relogins: 1, free: true},
		{name: "RESET in flight", client: "GET k, RESET", server: "$1\r\nx\r\n"},
		{name: "RESET is refused", client: "RESET", server: "-ERR unknown command `RESET`\r\n", free: true},
		{name: "RESET is refused in a transaction", client: "MULTI, RESET x", server: "+OK\r\n-ERR wrong number of arguments\r\n", why: session.BecauseMulti},
		{name: "RESET is refused after MULTI was", client: "MULTI x, RESET x", server: "-ERR no\r\n-ERR no\r\n", free: true},
		{name: "RESET is refused in a RESP2 subscription", first: "SUBSCRIBE a", hello: hello + push("subscribe", 1), client: "RESET",
			server: "-ERR unknown command `RESET`\r\n", free: true},
		{name: "slot moves away, then SUBSCRIBE fails", first: "HELLO 3", hello: hello, client: "SUBSCRIBE s, GET k",
			server: push("sunsubscribe", 0) + "-NOPERM no\r\n$1\r\nx\r\n", free: true},
		{name: "slot moves away, then SUNSUBSCRIBE fails", client: "HELLO 3, GET k, SUNSUBSCRIBE s, GET k",
			server: hello + push("sunsubscribe", 0) + "$1\r\nx\r\n-MOVED 1 a:1\r\n$1\r\ny\r\n", free: true},
		{name: "RESP2 UNSUBSCRIBE of nothing", client: "UNSUBSCRIBE, PUNSUBSCRIBE a b, GET k",
			server: strings.ReplaceAll(push("unsubscribe", 0)+push("punsubscribe", 0)+push("punsubscribe", 0), ">", "*") + "$1\r\nx\r\n", free: true},
		{name: "a reply to no command", client: "GET k", server: "$1\r\nx\r\n+HI\r\n", why: session.BecauseUnknown},
		{name: "CLIENT REPLY SKIP twice", client: "CLIENT REPLY SKIP, CLIENT REPLY SKIP, GET k, GET k", server: "$1\r\nx\r\n", why: session.BecauseUnknown},
		{name: "CLIENT CACHING holds over CLIENT ID", client: "CLIENT CACHING YES, CLIENT ID", server: "+OK\r\n:7\r\n"},
		{name: "CLIENT CACHING holds over CLIENT REPLY", client: "CLIENT CACHING YES, CLIENT REPLY ON", server: "+OK\r\n+OK\r\n"},
		{name: "CLIENT CACHING is for GET", client: "CLIENT CACHING YES, CLIENT ID, GET k", server: "+OK\r\n:7\r\n$1\r\nx\r\n", free: true},
		{name: "ASKING does not hold over CLIENT ID", client: "ASKING, CLIENT ID", server: "+OK\r\n:7\r\n", free: true},
		{name: "WAIT in flight", client: "WAIT 1 0", why: session.BecauseBlocked},
		{name: "WAIT is answered", client: "WAIT 1 0, GET k", server: ":1\r\n$1\r\nx\r\n", free: true},
		{name: "unfinished command", client: "GET k", server: "$1\r\n", free: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var s session.Session
			s.Init(false)
			cred := testAuth{wire: "AUTH"}
			if tc.first != "" {
				s.Plan(modelserver.Encode(tc.first), nil, nil, &standstill{})
				if _, _, err := s.Received([]byte(tc.hello), 0, &standstill{}); err != nil {
					t.Fatal(err)
				}
			}
			p := modelserver.Encode(strings.Split(tc.client, ", ")...)
			if n := planned(&s, p, cred); n != 0 {
				t.Errorf("%d AUTHs before the answer", n)
			}
			if _, _, err := s.Received([]byte(tc.server), 0, &standstill{}); err != nil {
				t.Fatal(err)
			}
			if why, _ := s.BarredBy(); s.MayAuth() != tc.free || why != tc.why {
				t.Errorf("may AUTH: %v, want %v; barred by %q, want %q", s.MayAuth(), tc.free, why, tc.why)
			}
			if tc.free && tc.server != "$1\r\n" && !s.Idle() && !s.Ready() {
				t.Error("something is outstanding")
			}
			if n := planned(&s, nil, cred); n != tc.relogins {
				t.Errorf("%d AUTHs before the next command, want %d", n, tc.relogins)
			}
		})
	}
}

// planned returns how many AUTHs go along with p.
func planned(s *session.Session, p []byte, relogin testAuth) (auths int) {
	edits, _, _ := s.Plan(p, nil, relogin.login(), &standstill{})
	for _, e := range edits {
		if e.Auth != nil {
			auths++
		}
	}
	return auths
}

// A standstill is a world in which no time passes, any command may block, and no question of ours is
// allowed.
type standstill struct{}

func (*standstill) LongestBlock(session.Auth) (time.Time, time.Duration) { return time.Time{}, forEver }
func (*standstill) Now() time.Time                                       { return time.Time{} }
func (*standstill) MayAskStreamEnd() bool                                { return false }
func (*standstill) IsOurUser(user string, _ session.Auth) bool           { return user == "us" }

// forEver is the longest timeout that is told from none.
const forEver = 100 * 365 * 24 * time.Hour

func TestUnexpectedAnswerToAuthEndsTheConnection(t *testing.T) {
	for _, tc := range []struct{ client, server string }{
		{"", "+QUEUED\r\n"},
		{"", ":1\r\n"},
		{"", "*1\r\n:1\r\n"},
		{"", "what\r\n"},
		{"GET k", "what\r\n"},
	} {
		var s session.Session
		s.Init(false)
		var p []byte
		if tc.client != "" {
			p = modelserver.Encode(tc.client)
		}
		s.Plan(p, nil, nil, &standstill{})
		s.Plan(nil, &testAuth{}, nil, &standstill{})
		if kept, _, err := s.Received([]byte(tc.server), 0, &standstill{}); err != session.ErrDesync || kept > 0 {
			t.Errorf("%q after %q: %d bytes for the client, %v", tc.server, tc.client, kept, err)
		}
	}
}

// Confirmations in RESP3 come before later replies. A reply where one was awaited has no meaning,
// and a command of ours is in flight.
func TestReplyInPlaceOfAConfirmation(t *testing.T) {
	s := sessionAfter("SUBSCRIBE a")
	if _, _, err := s.Received([]byte("%1\r\n+proto\r\n:3\r\n"), 0, &standstill{}); err != nil {
		t.Fatal(err)
	}
	if edits, _, _ := s.Plan(modelserver.Encode("GET k"), nil, nil, &standstill{}); len(edits) != 1 {
		t.Fatalf("%d edits before GET, want HELLO 2", len(edits))
	}
	if kept, _, err := s.Received([]byte("+OK\r\n"), 0, &standstill{}); err != session.ErrDesync {
		t.Errorf("%d bytes for the client, %v", kept, err)
	}
}

// What the client writes after a RESET waits for its answer, because only that says whether a login of
// ours goes before it.
func TestCommandsAfterResetWaitForItsAnswer(t *testing.T) {
	for answer, relogins := range map[string]int{"+RESET\r\n": 1, "-ERR unknown command\r\n": 0} {
		for _, next := range []string{"GET k", "SUBSCRIBE a", "RESET", "BLPOP k 0", "inline"} {
			var s session.Session
			s.Init(false)
			reset, command := modelserver.Encode("RESET"), modelserver.Encode(next)
			if next == "inline" {
				command = []byte("PING\r\n")
			}
			p := append(reset, command...)
			if edits, _, taken := s.Plan(p, &testAuth{wire: "AUTH"}, nil, &standstill{}); len(edits) != 1 || taken != len(reset) || s.Ready() {
				t.Fatalf("%s: %d edits, %d bytes taken, ready %v", next, len(edits), taken, s.Ready())
			}
			if _, _, err := s.Received([]byte("+OK\r\n"+answer), 0, &standstill{}); err != nil || !s.Ready() {
				t.Fatalf("%s after %q: %v, ready %v", next, answer, err, s.Ready())
			}
			edits, _, _ := s.Plan(command, nil, testAuth{wire: "AUTH"}.login(), &standstill{})
			if auths := len(edits) > 0 && edits[0].Auth != nil; auths != (relogins > 0) {
				t.Errorf("%s after %q: edits %+v", next, answer, edits)
			}
		}
	}
}

// A subscriber in RESP2 whose RESET is refused goes on as it was.
func TestSubscriberWhoseResetIsRefusedGoesOn(t *testing.T) {
	const refused = "-ERR unknown command `RESET`\r\n"
	s := sessionAfter("SUBSCRIBE a")
	answersInPieces(t, s, "%1\r\n+proto\r\n:3\r\n>3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n", 100)
	s.Plan(modelserver.Encode("RESET"), nil, nil, &standstill{})
	const message = "3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n"
	if got := answersInPieces(t, s, ">"+message+refused+">"+message, 100); got != "*"+message+refused+"*"+message {
		t.Errorf("the client read %q", got)
	}
	if edits, _, _ := s.Plan(modelserver.Encode("UNSUBSCRIBE a", "GET k"), nil, nil, &standstill{}); len(edits) != 1 || !bytes.Equal(edits[0].Ours(), modelserver.Encode("HELLO 2")) {
		t.Errorf("edits after the end of the subscription: %+v", edits)
	}
}

// A write of which nothing was written has not happened.
func TestRetract(t *testing.T) {
	var s session.Session
	s.Init(false)
	first := modelserver.Encode("MULTI", "GET k")
	s.Plan(first, nil, nil, &standstill{})
	for range 3 {
		mark := s.Mark()
		s.Plan(modelserver.Encode("EXEC", "SUBSCRIBE a", "BLPOP k 0", "CLIENT REPLY OFF"), &testAuth{first: true}, nil, &standstill{})
		s.Retract(&mark)
	}
	if s.MayAuth() {
		t.Error("left the transaction by an EXEC that was never written")
	}
	if _, _, err := s.Received([]byte("+OK\r\n+QUEUED\r\n"), 0, &standstill{}); err != nil {
		t.Fatal(err)
	}
	if s.MayAuth() {
		t.Error("left the transaction")
	}
	s.Plan(modelserver.Encode("EXEC"), nil, nil, &standstill{})
	if _, _, err := s.Received([]byte("*1\r\n$1\r\nx\r\n"), 0, &standstill{}); err != nil || !s.MayAuth() || !s.Idle() {
		t.Errorf("after EXEC: %v", err)
	}
}

// A connection may be ended in order only where neither side is in the middle of something.
func TestMayRetire(t *testing.T) {
	const never, answers = "MULTI, HELLO 2, EXEC", "+OK\r\n+QUEUED\r\n*1\r\n*0\r\n" // it may speak another version now
	subscribed := "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
	for _, tc := range []struct {
		name, client, rest, server string
		ends                       bool
	}{
		{name: "new", ends: true},
		{name: "unanswered", client: "GET k"},
		{name: "answered", client: "GET k", server: "$1\r\nx\r\n", ends: true},
		{name: "in mid-reply", client: "GET k", server: "$1\r\nx"},
		{name: "in mid-command", client: "GET k", rest: "*1\r\n$4\r\nPI", server: "$1\r\nx\r\n"},
		{name: "subscribed", client: "SUBSCRIBE a", server: subscribed, ends: true},
		{name: "subscribed, in mid-message", client: "SUBSCRIBE a", server: subscribed + "*3\r\n"},
		{name: "subscribed, in mid-command", client: "SUBSCRIBE a", rest: "*1\r\n$4\r\nPI", server: subscribed},
		{name: "silent", client: "GET k, CLIENT REPLY OFF, GET k", server: "$1\r\nx\r\n", ends: true},
		{name: "silent, unanswered before", client: "GET k, CLIENT REPLY OFF, GET k"},
		{name: "logged in by the client", client: "AUTH host password", server: "+OK\r\n"},
		{name: "inline", rest: "PING\r\n"},
	} {
		var s session.Session
		s.Init(false)
		s.Plan(modelserver.Encode(strings.Split(never, ", ")...), nil, nil, &standstill{})
		if _, _, err := s.Received([]byte(answers), 0, &standstill{}); err != nil {
			t.Fatal(err)
		}
		var p []byte
		if tc.client != "" {
			p = modelserver.Encode(strings.Split(tc.client, ", ")...)
		}
		s.Plan(append(p, tc.rest...), nil, nil, &standstill{})
		if _, _, err := s.Received([]byte(tc.server), 0, &standstill{}); err != nil {
			t.Fatal(err)
		}
		if got := s.MayRetire(); got != tc.ends {
			t.Errorf("%s: may retire %v, want %v", tc.name, got, tc.ends)
		}
	}
}

// A connection that can be renewed does not retire, but one does that waits in a command which is not
// sent in slices and takes nothing with it, if nothing else is in flight.
func TestMayRetireWhileItCanBeRenewed(t *testing.T) {
	for commands, want := range map[string]bool{
		"PING":                              false,
		"XREAD BLOCK 0 STREAMS s $":         true,
		"GET k, XREAD BLOCK 0 STREAMS s $":  false,
		"XREAD BLOCK 0 STREAMS s $, GET k":  false,
		"XREAD BLOCK 0 STREAMS s 0":         false,
		"XREAD BLOCK 0 STREAMS s +":         true,
		"ASKING, XREAD BLOCK 0 STREAMS s 0": false, // ASKING is unanswered
		"WAIT 1 0":                          true,
		"WAITAOF 1 1 0":                     true,
		"GET k, WAIT 1 0":                   false,
		"WAIT 1 1000":                       false, // it ends before the token does
		"WAIT 1 x":                          false,
		"BLPOP k 0x1":                       false, // pops, and could lose an element
	} {
		s := sessionAfter(commands)
		if commands == "PING" {
			if _, _, err := s.Received([]byte("+PONG\r\n"), 0, &standstill{}); err != nil {
				t.Fatal(err)
			}
		}
		if got := s.MayRetire(); got != want {
			t.Errorf("%s: may retire %v", commands, got)
		}
	}
}

// What the server will refuse needs no understanding.
func TestUnblockWithoutArguments(t *testing.T) {
	for _, command := range []string{"CLIENT UNBLOCK", "CLIENT UNBLOCK x", "CLIENT UNBLOCK 1 2 3 4"} {
		var s session.Session
		s.Init(false)
		s.Plan(modelserver.Encode(command), nil, nil, &standstill{})
		if _, _, err := s.Received([]byte("-ERR no\r\n"), 0, &standstill{}); err != nil || !s.Idle() {
			t.Errorf("%s: %v", command, err)
		}
	}
}

// A GET is not taken for an XREAD that was never written.
func TestRetractForgetsXread(t *testing.T) {
	var s session.Session
	s.Init(false)
	mark := s.Mark()
	s.Plan(modelserver.Encode("XREAD BLOCK 0 STREAMS s $"), nil, nil, &standstill{})
	s.Retract(&mark)
	s.Plan(modelserver.Encode("GET k"), nil, nil, &standstill{})
	if s.MayRetire() {
		t.Error("may be ended although a GET is outstanding")
	}
}

// A server without RESP3, to a client that ends its subscription in the same write: what comes
// after it waits until it is known that the wire speaks RESP2 all the time.
func TestServerWithoutRESP3(t *testing.T) {
	var s session.Session
	s.Init(false)
	p := modelserver.Encode("SUBSCRIBE a", "UNSUBSCRIBE a", "GET k")
	edits, _, taken := s.Plan(p, nil, nil, &standstill{})
	if len(edits) != 1 || string(p[taken:]) != string(modelserver.Encode("GET k")) {
		t.Fatalf("%d edits, %q waits", len(edits), p[taken:])
	}
	answer := "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n"
	in := []byte("-ERR unknown command 'HELLO'\r\n" + answer)
	kept, after, err := s.Received(in, 0, &standstill{})
	if err != nil || string(in[:kept])+string(after) != answer || !s.Ready() {
		t.Fatalf("the client read %q%q, %v, ready %v", in[:kept], after, err, s.Ready())
	}
	if edits, _, rest := s.Plan(p[taken:], nil, nil, &standstill{}); len(edits) > 0 || rest != len(p)-taken {
		t.Errorf("%d edits, %d of %d bytes taken", len(edits), rest, len(p)-taken)
	}
}

// A subscription right after the end of another one: the wire is on its way back to RESP2, and not
// in RESP3 any more.
func TestSubscribeAfterTheEndOfASubscription(t *testing.T) {
	const hello = "%1\r\n+proto\r\n:3\r\n"
	push := func(kind string, remaining string) string {
		return ">3\r\n$" + strconv.Itoa(len(kind)) + "\r\n" + kind + "\r\n$1\r\na\r\n:" + remaining + "\r\n"
	}
	var s session.Session
	s.Init(false)
	s.Plan(modelserver.Encode("SUBSCRIBE a"), nil, nil, &standstill{})
	if _, _, err := s.Received([]byte(hello+push("subscribe", "1")), 0, &standstill{}); err != nil {
		t.Fatal(err)
	}
	p := modelserver.Encode("UNSUBSCRIBE a", "GET k", "SUBSCRIBE a")
	_, _, taken := s.Plan(p, nil, nil, &standstill{})
	if string(p[taken:]) != string(modelserver.Encode("SUBSCRIBE a")) {
		t.Fatalf("%q waits", p[taken:])
	}
	if _, _, err := s.Received([]byte(push("unsubscribe", "0")+"*2\r\n+proto\r\n:2\r\n$1\r\nx\r\n"), 0, &standstill{}); err != nil {
		t.Fatal(err)
	}
	if edits, _, _ := s.Plan(p[taken:], nil, nil, &standstill{}); len(edits) != 1 || !bytes.HasPrefix(edits[0].Ours(), modelserver.Encode("HELLO 3")) {
		t.Error("the subscription is one in RESP2, and can never be renewed")
	}
}
