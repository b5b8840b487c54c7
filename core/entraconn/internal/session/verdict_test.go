package session_test

import (
	"testing"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// An AUTH goes out before a GET, and both are answered in one read.
func TestVerdicts(t *testing.T) {
	const reply = "$1\r\nx\r\n"
	for _, tc := range []struct {
		name    string
		login   bool
		answer  string
		verdict session.Verdict // but its Auth
		refusal bool            // logins are to wait
		blames  bool            // the token
		ends    bool            // the connection, before the client reads the next reply
	}{
		{name: "accepted", answer: "+OK\r\n", verdict: session.Verdict{OK: true}},
		{name: "accepted login", login: true, answer: "+OK\r\n", verdict: session.Verdict{OK: true}},
		{name: "refused", answer: "-WRONGPASS no\r\n", verdict: session.Verdict{Line: "WRONGPASS no"}, refusal: true, blames: true},
		{name: "refused login", login: true, answer: "-WRONGPASS no\r\n", verdict: session.Verdict{Line: "WRONGPASS no"}, refusal: true, blames: true, ends: true},
		{name: "unknown words", answer: "-NO no\r\n", verdict: session.Verdict{Line: "NO no"}, refusal: true, blames: true},
		{name: "no words", answer: "-\r\n", verdict: session.Verdict{}, refusal: true, blames: true},
		{name: "server without AUTH", login: true, answer: "-ERR unknown command 'AUTH'\r\n", verdict: session.Verdict{Line: "ERR unknown command 'AUTH'"}, refusal: true, ends: true},
		{name: "transient", answer: "-LOADING wait\r\n", verdict: session.Verdict{Line: "LOADING wait"}},
		{name: "transient at login", login: true, answer: "-LOADING wait\r\n", verdict: session.Verdict{Line: "LOADING wait"}, ends: true},
		{name: "another command's error", answer: "-ERR wrong number of arguments for 'get' command\r\n", verdict: session.Verdict{Lost: true}, ends: true},
		{name: "what AUTH cannot be answered with", answer: "-NOPERM no\r\n", verdict: session.Verdict{Lost: true}, ends: true},
		{name: "the same at login", login: true, answer: "-NOPERM no\r\n", verdict: session.Verdict{Line: "NOPERM no"}, refusal: true, ends: true},
		{name: "queued", answer: "+QUEUED\r\n", verdict: session.Verdict{Lost: true}, ends: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var s session.Session
			s.Init(false)
			auth := &testAuth{first: tc.login}
			s.Plan(modelserver.Encode("GET k"), auth, nil, &standstill{})
			if got := s.AuthsInFlight(); len(got) != 1 || got[0] != auth || s.NextAuth() != auth {
				t.Fatalf("in flight: %v", got)
			}
			p := []byte(tc.answer + reply)
			kept, after, err := s.Received(p, s.TakeExpected(p), &standstill{})
			want := reply
			if tc.ends {
				want = ""
			}
			if got := string(p[:kept]) + string(after); got != want || (err != nil) != tc.ends || (err == session.ErrDesync) != tc.verdict.Lost {
				t.Errorf("the client read %q, %v", got, err)
			}
			all := s.TakeAnswers().Verdicts
			if more := s.TakeAnswers().Verdicts; len(all) != 1 || len(more) != 0 || s.AuthInFlight() {
				t.Fatalf("verdicts %+v", all)
			}
			v := all[0]
			if v.Auth != auth || v.OK != tc.verdict.OK || v.Lost != tc.verdict.Lost || v.Line != tc.verdict.Line {
				t.Errorf("verdict %+v, want %+v", v, tc.verdict)
			}
			if said := !v.OK && !v.Lost; said && (v.Failure.IsRefusal() != tc.refusal || v.Failure.BlamesToken() != tc.blames) {
				t.Errorf("a refusal: %v, blames the token: %v", v.Failure.IsRefusal(), v.Failure.BlamesToken())
			}
		})
	}
}
