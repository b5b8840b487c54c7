package session_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// push encodes one in RESP3: its word, and its other elements as they are.
func push(word string, elements ...string) string {
	return fmt.Sprintf(">%d\r\n$%d\r\n%s\r\n", 1+len(elements), len(word), word) + strings.Join(elements, "")
}

// A subscriber in RESP2 gets of the pushes of RESP3 what RESP2 has: the nine of Pub/Sub, and
// invalidations that another connection has redirected to it.
func TestPushesBelowASubscriberInRESP2(t *testing.T) {
	const a, hi, keys = "$1\r\na\r\n", "$2\r\nhi\r\n", "*1\r\n$1\r\nk\r\n"
	arrays := map[string]string{}
	for _, p := range []string{
		push("message", a, hi), push("pmessage", a, a, hi), push("smessage", a, hi), push("message", a, "$0\r\n\r\n"),
		push("subscribe", a, ":1\r\n"), push("psubscribe", a, ":2\r\n"), push("ssubscribe", a, ":1\r\n"),
		push("unsubscribe", "$1\r\nb\r\n", ":1\r\n"), push("punsubscribe", a, ":1\r\n"), push("sunsubscribe", a, ":0\r\n"),
	} {
		arrays[p] = "*" + p[1:]
	}
	arrays[push("punsubscribe", "_\r\n", ":1\r\n")] = "*3\r\n$12\r\npunsubscribe\r\n$-1\r\n:1\r\n"
	arrays[push("invalidate", keys)] = "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n" + keys
	arrays[push("invalidate", "_\r\n")] = "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n$-1\r\n"
	for _, p := range []string{
		push("tracking-redir-broken", ":17\r\n"), push("MOVING", ":1\r\n", ":15\r\n", hi), push("MIGRATING", ":1\r\n", ":15\r\n", ":3\r\n"),
		push("FAILING_OVER", ":1\r\n", ":2\r\n"), push("messages", a, hi), push("pubsub"), ">0\r\n", ">1\r\n:1\r\n", ">2\r\n_\r\n*1\r\n" + a,
		">2\r\n*2\r\n" + a + hi + hi, push(strings.Repeat("message", 20), a, hi), ">3\r\n+" + strings.Repeat("x", 200) + "\r\n" + a + hi,
	} {
		arrays[p] = ""
	}
	message := push("message", a, hi)
	for p, want := range arrays {
		for size := 1; size <= len(p)+1; size++ {
			s := sessionAfter("SUBSCRIBE a")
			answersInPieces(t, s, "%1\r\n+proto\r\n:3\r\n"+push("subscribe", a, ":1\r\n")+push("subscribe", "$1\r\nb\r\n", ":2\r\n"), 1000)
			if got := answersInPieces(t, s, p+message, size); got != want+"*"+message[1:] {
				t.Fatalf("%q in pieces of %d bytes: the client read %q, want %q and a message", p, size, got, want)
			}
			if !s.MayAuth() || !s.Idle() {
				t.Fatalf("%q: may AUTH %v, idle %v", p, s.MayAuth(), s.Idle())
			}
		}
	}
}

// Invalidations come only to a subscriber: one whose SUBSCRIBE was refused is none.
func TestInvalidationsWithoutASubscription(t *testing.T) {
	const refused = "-NOPERM no channel permissions\r\n"
	s := sessionAfter("SUBSCRIBE a")
	if got := answersInPieces(t, s, "%1\r\n+proto\r\n:3\r\n"+cachePush+refused+cachePush, 1000); got != refused {
		t.Errorf("the client read %q", got)
	}
}

// In RESP2 a connection that tracks keys is told nothing of them. In RESP3 it would be, and that could
// not be told from what another connection redirects to it. So it is not upgraded.
func TestConnectionThatTracksIsNotUpgraded(t *testing.T) {
	for commands, upgraded := range map[string]bool{
		"CLIENT TRACKING ON":                                   false,
		"CLIENT TRACKING ON BCAST PREFIX REDIRECT":             false,
		"CLIENT TRACKING ON, CLIENT TRACKING OFF":              false, // which may have been refused
		"MULTI, CLIENT TRACKING ON, DISCARD":                   false,
		"CLIENT REPLY SKIP, CLIENT TRACKING ON, GET k":         false,
		"CLIENT TRACKING ON REDIRECT 17":                       true,
		"CLIENT TRACKING OFF":                                  true,
		"CLIENT TRACKING ON, RESET":                            true,
		"CLIENT TRACKING ON REDIRECT 17, CLIENT TRACKING INFO": true,
	} {
		s := sessionAfter(commands)
		answers := strings.Repeat("+OK\r\n", strings.Count(commands, ",")+1)
		switch {
		case strings.Contains(commands, "SKIP"):
			answers = "+OK\r\n"
		case strings.Contains(commands, "MULTI"):
			answers = "+OK\r\n+QUEUED\r\n+OK\r\n"
		}
		answersInPieces(t, s, answers, 7)
		s.Plan(nil, nil, testAuth{wire: "AUTH"}.login(), &standstill{}) // after RESET
		edits, _, _ := s.Plan(modelserver.Encode("SUBSCRIBE a"), nil, nil, &standstill{})
		if got := len(edits) > 0; got != upgraded {
			t.Errorf("%s: upgraded %v, want %v", commands, got, upgraded)
		}
		if upgraded {
			continue
		}
		if got := answersInPieces(t, s, subscribedTo2, 5); got != subscribedTo2 {
			t.Errorf("%s: the client read %q", commands, got)
		}
		if why, forever := s.BarredBy(); why != session.BecauseSubscriber || forever {
			t.Errorf("%s: barred by %q, for ever %v", commands, why, forever)
		}
	}
}
