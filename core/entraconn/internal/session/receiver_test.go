package session_test

import (
	"testing"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// A server may say something that no command asked for, its last words for example. If a command of
// ours is written while that arrives, it is not the answer to it.
func TestReplyThatBeganBeforeOurCommandIsNoAnswer(t *testing.T) {
	const subscribed = "%1\r\n+proto\r\n:3\r\n>3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
	for _, tc := range []struct {
		name, before, answer string // what the client does before, and the answer to that
		auth                 session.Auth
		command              string
	}{
		{name: "AUTH", auth: &testAuth{wire: "AUTH"}},
		{name: "login", auth: &testAuth{wire: "AUTH", first: true}},
		{name: "HELLO 3", command: "SUBSCRIBE a"},
		{name: "HELLO 2", before: "SUBSCRIBE a", answer: subscribed, command: "GET k"},
		{name: "CLIENT ID", command: "BLPOP k 0"},
	} {
		for _, words := range []string{"-ERR last words\r\n", "+OK\r\n", ":17\r\n", "*2\r\n+id\r\n:17\r\n", "%1\r\n+proto\r\n:3\r\n"} {
			for cut := 1; cut < len(words); cut++ {
				for _, alone := range []bool{false, true} {
					if alone && tc.auth == nil {
						continue
					}
					var s session.Session
					s.Init(false)
					if tc.before != "" {
						s.Plan(modelserver.Encode(tc.before), nil, nil, &sliceWorld{})
						answersInPieces(t, &s, tc.answer, len(tc.answer))
					}
					answersInPieces(t, &s, words[:cut], cut)
					if alone {
						s.AddAuth(tc.auth)
					} else if edits, _, _ := s.Plan(encoded(tc.command), tc.auth, nil, &sliceWorld{}); len(edits) == 0 {
						t.Fatalf("%s does not go out", tc.name)
					}
					p := []byte(words[cut:])
					if _, _, err := s.Received(p, s.TakeExpected(p), &sliceWorld{}); err != session.ErrDesync {
						t.Fatalf("%s, after %q of %q: %v", tc.name, words[:cut], words, err)
					}
					verdicts := s.TakeAnswers().Verdicts
					if lost := len(verdicts) == 1 && verdicts[0].Lost && verdicts[0].Auth == tc.auth; lost != (tc.auth != nil) || len(verdicts) > 1 {
						t.Fatalf("%s, after %q of %q: verdicts %+v", tc.name, words[:cut], words, verdicts)
					}
				}
			}
		}
	}
}

// encoded returns a command, if there is one.
func encoded(command string) []byte {
	if command == "" {
		return nil
	}
	return modelserver.Encode(command)
}
