package session_test

import (
	"strings"
	"testing"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// What a session makes of logins of the client's own. Our AUTHs name the user "us".
func TestLoginsOfTheClient(t *testing.T) {
	const (
		ok    = "+OK\r\n"
		wrong = "-WRONGPASS no\r\n"
		hello = "%1\r\n$5\r\nproto\r\n:3\r\n"
		ours  = session.LoginAsUs
		other = session.LoginAsAnother
	)
	for _, tc := range []struct {
		client, server string
		want           session.ClientLogin
		version3       bool // the wire speaks RESP3 afterwards
	}{
		{client: "AUTH us mine", server: ok, want: ours},
		{client: "auth us mine", server: ok, want: ours},
		{client: "AUTH us wrong", server: wrong},
		{client: "AUTH host mine", server: ok, want: other},
		{client: "AUTH host wrong", server: wrong},
		{client: "AUTH mine", server: ok, want: other}, // as the user default
		{client: "AUTH us mine x", server: "-ERR syntax error\r\n"},
		{client: "AUTH US mine", server: ok, want: other},
		{client: "HELLO 3 AUTH us mine", server: hello, want: ours, version3: true},
		{client: "HELLO 3 SETNAME n AUTH us mine", server: hello, want: ours, version3: true},
		{client: "HELLO 3 AUTH host mine AUTH us mine", server: hello, want: ours, version3: true},
		{client: "HELLO 3 AUTH us mine AUTH host mine", server: hello, want: other, version3: true},
		{client: "HELLO 3 AUTH host mine SETNAME n", server: hello, want: other, version3: true},
		{client: "HELLO 3 AUTH us wrong", server: wrong},
		{client: "HELLO 3 SETNAME us", server: hello, version3: true},
	} {
		command := modelserver.Encode(tc.client)
		for cut := range len(command) {
			var s session.Session
			s.Init(false)
			var out []byte
			for _, p := range [][]byte{command[:cut], command[cut:]} {
				p = append(out, p...)
				_, _, taken := s.Plan(p, nil, nil, &standstill{})
				out = p[taken:]
			}
			if s.MayAuth() {
				t.Fatalf("%s: AUTH may go before the answer", tc.client)
			}
			if _, _, err := s.Received([]byte(tc.server), 0, &standstill{}); err != nil {
				t.Fatal(err)
			}
			if got := s.TakeAnswers().ClientLogin; got != tc.want {
				t.Fatalf("%s cut at %d: %d, want %d", tc.client, cut, got, tc.want)
			}
			if again := s.TakeAnswers().ClientLogin; again != session.NoLogin {
				t.Errorf("%s: reported twice", tc.client)
			}
			why, _ := s.BarredBy()
			if foreign := tc.want == other; s.MayAuth() == foreign || (why == session.BecauseClientAuth) != foreign || s.MayRetire() {
				t.Errorf("%s: may AUTH %v, barred by %q", tc.client, s.MayAuth(), why)
			}
			// A client that subscribes in RESP2 gets a HELLO 3 of ours.
			edits, _, _ := s.Plan(modelserver.Encode("SUBSCRIBE a"), nil, nil, &standstill{})
			if upgrades := tc.want != other && !tc.version3; (len(edits) == 1) != upgrades {
				t.Errorf("%s: %d edits of SUBSCRIBE", tc.client, len(edits))
			}
		}
	}
}

// Whatever a client does that has logged in as another user, the connection stays the client's.
func TestConnectionOfAnotherUserStaysTheClients(t *testing.T) {
	var s session.Session
	s.Init(false)
	s.Plan(modelserver.Encode("AUTH host mine", "AUTH us mine", "RESET"), nil, testAuth{}.login(), &standstill{})
	if _, _, err := s.Received([]byte("+OK\r\n+OK\r\n+RESET\r\n"), 0, &standstill{}); err != nil {
		t.Fatal(err)
	}
	if got := s.TakeAnswers().ClientLogin; got != session.LoginAsAnother {
		t.Errorf("reported %d", got)
	}
	if s.MayAuth() || s.MayRetire() {
		t.Error("it got an AUTH of ours, or retires")
	}
}

// In a transaction a login is only queued, and EXEC runs it or nothing does. Whether it is accepted
// stands in the answer to EXEC, which is not looked into: an AUTH of ours follows in any case. HELLO
// may change what the wire speaks there, so no AUTH follows it.
func TestLoginInATransaction(t *testing.T) {
	const (
		queued  = "+OK\r\n+QUEUED\r\n"
		ran     = "*1\r\n+OK\r\n"
		aborted = "-EXECABORT Transaction discarded because of previous errors.\r\n"
		discard = "DISCARD, MULTI, GET k, EXEC"
	)
	for _, tc := range []struct {
		client, server string
		end, answer    string // of the transaction
		want           session.ClientLogin
		why            session.Reason // that bars AUTH then
	}{
		{"MULTI, AUTH us mine", queued, "EXEC", ran, session.LoginAsUs, session.Renewable},
		{"MULTI, AUTH host mine", queued, "EXEC", ran, session.LoginAsAnother, session.BecauseClientAuth},
		{"MULTI, AUTH host mine, AUTH us mine", queued + "+QUEUED\r\n", "EXEC", "*2\r\n+OK\r\n+OK\r\n", session.LoginAsAnother, session.BecauseClientAuth},
		{"MULTI, HELLO 3 AUTH us mine", queued, "EXEC", ran, session.LoginAsUs, session.BecauseUnknown},
		{"MULTI, HELLO 3 AUTH host mine", queued, "EXEC", ran, session.LoginAsAnother, session.BecauseClientAuth},
		{"MULTI, HELLO 3", queued, "EXEC", ran, session.NoLogin, session.BecauseUnknown},

		{"MULTI, AUTH us mine", queued, "DISCARD", "+OK\r\n", session.NoLogin, session.Renewable},
		{"MULTI, AUTH host mine", queued, "DISCARD", "+OK\r\n", session.NoLogin, session.Renewable},
		{"MULTI, HELLO 3 AUTH host mine", queued, "DISCARD", "+OK\r\n", session.NoLogin, session.Renewable},
		{"MULTI, AUTH host mine", queued, discard, "+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n$1\r\nx\r\n", session.NoLogin, session.Renewable},
		{"MULTI, AUTH host mine", queued, "DISCARD x, EXEC", "-ERR no\r\n" + aborted, session.NoLogin, session.Renewable},
		{"MULTI, AUTH host mine", queued, "DISCARD x, EXEC", "-ERR no\r\n" + ran, session.LoginAsAnother, session.BecauseClientAuth},
		{"MULTI, AUTH host mine", queued, "RESET", "+RESET\r\n", session.NoLogin, session.Renewable},
		{"MULTI, HELLO 3 AUTH host mine", queued, "EXEC", aborted, session.NoLogin, session.Renewable},
		{"MULTI, AUTH host mine", queued, "EXEC", "*-1\r\n", session.NoLogin, session.Renewable}, // a key that was watched has changed
		{"HELLO 3, MULTI, AUTH host mine", "%1\r\n+proto\r\n:3\r\n" + queued, "EXEC", "_\r\n", session.NoLogin, session.Renewable},
		{"MULTI, AUTH host mine x", "+OK\r\n-ERR syntax error\r\n", "EXEC", aborted, session.NoLogin, session.Renewable},
		{"MULTI x, AUTH host mine", "-ERR no\r\n+OK\r\n", "EXEC", "-ERR EXEC without MULTI\r\n", session.LoginAsAnother, session.BecauseClientAuth},
	} {
		for _, pipelined := range []bool{false, true} {
			name := tc.client + ", " + tc.end
			var s session.Session
			s.Init(false)
			p := modelserver.Encode(strings.Split(tc.client, ", ")...)
			end := modelserver.Encode(strings.Split(tc.end, ", ")...)
			answers := tc.server + tc.answer
			if pipelined {
				p = append(p, end...)
			}
			s.Plan(p, nil, nil, &standstill{})
			if !pipelined {
				answersInPieces(t, &s, tc.server, 3)
				refused := strings.Contains(tc.client, "MULTI x")
				if got := s.TakeAnswers().ClientLogin; !refused && (got != session.NoLogin || s.MayAuth()) {
					t.Errorf("%s: reported %d before the end of the transaction, may AUTH %v", name, got, s.MayAuth())
				}
				if refused {
					continue
				}
				s.Plan(end, nil, nil, &standstill{})
				answers = tc.answer
			}
			if got := answersInPieces(t, &s, answers, 3); got != answers {
				t.Errorf("%s: the client read %q", name, got)
			}
			if got := s.TakeAnswers().ClientLogin; got != tc.want {
				t.Errorf("%s: reported %d, want %d", name, got, tc.want)
			}
			if why, _ := s.BarredBy(); why != tc.why || s.MayAuth() != (why == session.Renewable) {
				t.Errorf("%s: may AUTH %v, barred by %q, want %q", name, s.MayAuth(), why, tc.why)
			}
		}
	}
}

// A blocking command after a login of the client's own begins when that is answered, and an AUTH of
// ours comes before it, because the client's token may end at any time.
func TestBlockingCommandWaitsForTheAnswerToALoginOfTheClient(t *testing.T) {
	for command, waits := range map[string]bool{"AUTH us mine": true, "GET k": false} {
		var s session.Session
		s.Init(false)
		p := modelserver.Encode(command, "BLPOP k 1")
		_, _, taken := s.Plan(p, nil, nil, &sliceWorld{})
		if held := taken < len(p); held != waits {
			t.Fatalf("BLPOP after %s is held back: %v", command, held)
		}
		if !waits {
			continue
		}
		s.HoldMore()
		if s.Ready() {
			t.Error("ready before the answer")
		}
		if _, _, err := s.Received([]byte("+OK\r\n"), 0, &sliceWorld{}); err != nil || !s.Ready() {
			t.Fatal(err, s.Ready())
		}
		edits, _, _ := s.Plan(p[taken:], &testAuth{wire: "AUTH"}, nil, &sliceWorld{})
		if len(edits) != 1 || edits[0].Auth == nil || edits[0].At != 0 {
			t.Errorf("edits %+v", edits)
		}
	}
}

// Where the server serves no client at login, a client that has pipelined its handshake waits for
// so many replies.
func TestRepliesToAPipelinedHandshake(t *testing.T) {
	for _, tc := range []struct {
		commands []string
		want     int
	}{
		{[]string{"HELLO 3", "CLIENT ID", "PING"}, 3},
		{[]string{"CLIENT ID", "HELLO 3"}, 2},
		{[]string{"HELLO 3"}, 0},
		{[]string{"GET k", "GET k"}, 0},
		{[]string{"HELLO 3", "CLIENT REPLY SKIP", "GET k", "PING"}, 2},
		{[]string{"HELLO 3", "GET k", "RESET"}, 3}, // after which another AUTH of ours follows, or none
	} {
		var s session.Session
		s.Init(false)
		s.Plan(modelserver.Encode(tc.commands...), &testAuth{first: true}, testAuth{}.login(), &standstill{})
		if _, _, err := s.Received([]byte("-LOADING\r\n"), 0, &standstill{}); err == nil || err == session.ErrDesync {
			t.Fatal(err)
		}
		if got := s.HandshakeReplies(); got != tc.want {
			t.Errorf("%q: %d, want %d", tc.commands, got, tc.want)
		}
	}
}
