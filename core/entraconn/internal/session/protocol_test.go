package session_test

import (
	"strings"
	"testing"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

const (
	hello2Array = "*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.0.0\r\n$5\r\nproto\r\n:2\r\n$2\r\nid\r\n:7\r\n" +
		"$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"
	subscribedTo2 = "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n"
	attribute     = "|1\r\n$4\r\nnote\r\n*1\r\n+x\r\n"
	cachePush     = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"
)

// answersInPieces gives a subscriber's session the answer to our HELLO 3 and what follows, in
// pieces of a size or, with a negative one, in two that are cut there. It returns what the client
// reads.
func answersInPieces(t *testing.T, s *session.Session, all string, size int) string {
	t.Helper()
	var client strings.Builder
	for len(all) > 0 {
		n := size
		if size < 0 {
			n, size = -size, len(all)
		}
		p := []byte(all[:min(n, len(all))])
		all = all[len(p):]
		kept, after, err := s.Received(p, s.TakeExpected(p), &standstill{})
		if err != nil {
			t.Fatalf("before %q: %v", all, err)
		}
		client.Write(p[:kept])
		client.Write(after)
	}
	return client.String()
}

// onlyRESP2 returns what a session reports of the server.
func onlyRESP2(s *session.Session) bool {
	return s.TakeAnswers().OnlyRESP2
}

func TestAnyAnswerThatIsNotRESP3LeavesTheWireInRESP2(t *testing.T) {
	for name, tc := range map[string]struct {
		answer    string
		transient bool // the server may speak RESP3 later
	}{
		"array":                       {answer: hello2Array},
		"map that says proto 2":       {answer: "%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:2\r\n"},
		"proto 2 in a string":         {answer: "%1\r\n$5\r\nproto\r\n$1\r\n2\r\n"},
		"proto 2 in lines":            {answer: "%1\r\n+proto\r\n+2\r\n"},
		"empty array":                 {answer: "*0\r\n"},
		"nested array":                {answer: "*2\r\n*2\r\n$5\r\nproto\r\n:3\r\n*1\r\n*0\r\n"},
		"null array":                  {answer: "*-1\r\n"},
		"null string":                 {answer: "$-1\r\n"},
		"null":                        {answer: "_\r\n"},
		"status":                      {answer: "+OK\r\n"},
		"integer":                     {answer: ":3\r\n"},
		"string":                      {answer: "$10\r\nredis\r\n3.2\r\n"},
		"empty string":                {answer: "$0\r\n\r\n"},
		"boolean":                     {answer: "#t\r\n"},
		"double":                      {answer: ",3.0\r\n"},
		"big number":                  {answer: "(3\r\n"},
		"verbatim string":             {answer: "=7\r\ntxt:yes\r\n"},
		"set":                         {answer: "~1\r\n$5\r\nproto\r\n"},
		"attribute, array":            {answer: attribute + hello2Array},
		"attribute, map with proto 2": {answer: attribute + "%1\r\n$5\r\nproto\r\n:2\r\n"},
		"unknown command":             {answer: "-ERR unknown command 'HELLO'\r\n"},
		"NOPROTO":                     {answer: "-NOPROTO unsupported protocol version\r\n"},
		"NOPERM":                      {answer: "-NOPERM this user has no permissions to run the 'hello' command\r\n"},
		"empty error":                 {answer: "-\r\n"},
		"long error":                  {answer: "-ERR " + strings.Repeat("no ", 300) + "\r\n"},
		"string error":                {answer: "!10\r\nERR no\r\nno\r\n"},
		"busy":                        {answer: "-BUSY Redis is busy\r\n", transient: true},
		"loading":                     {answer: "-ERR LOADING\r\n", transient: true},
	} {
		t.Run(name, func(t *testing.T) {
			all := tc.answer + subscribedTo2
			var cuts []int
			for cut := 1; cut < len(all); cut++ {
				cuts = append(cuts, cut, -cut)
			}
			for _, size := range append(cuts, len(all)) {
				s := sessionAfter("SUBSCRIBE a")
				if got := answersInPieces(t, s, all, size); got != subscribedTo2 {
					t.Fatalf("in pieces of %d bytes the client read %q", size, got)
				}
				why, forever := s.BarredBy()
				if only := onlyRESP2(s); why != session.BecauseSubscriber || forever || only == tc.transient || onlyRESP2(s) {
					t.Fatalf("in pieces of %d bytes: barred by %q, only RESP2 %v", size, why, only)
				}
				if got := answersInPieces(t, s, cachePush, len(cachePush)); got != cachePush || !s.MayRetire() {
					t.Fatalf("in pieces of %d bytes: and then the client read %q, may retire %v", size, got, s.MayRetire())
				}
				if edits, _, _ := s.Plan(modelserver.Encode("SUBSCRIBE b"), nil, nil, &standstill{}); len(edits) > 0 {
					t.Fatalf("in pieces of %d bytes: asked again", size)
				}
				const ended = "*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:0\r\n"
				s.Plan(modelserver.Encode("UNSUBSCRIBE"), nil, nil, &standstill{})
				if got := answersInPieces(t, s, ended, min(abs(size), len(ended))); got != ended || !s.MayAuth() || !s.Idle() {
					t.Fatalf("in pieces of %d bytes: the client read %q; may AUTH after the last subscription %v", size, got, s.MayAuth())
				}
			}
		})
	}
}

func abs(n int) int { return max(n, -n) }

// A subscriber in RESP2 sends a command that is not about subscriptions. The server refuses it, and the
// wire speaks RESP2 from then on, where it takes no AUTH. Replies are told from messages, so the
// connection can be renewed again as soon as the last subscription has ended.
func TestSubscriberWhoseCommandIsRefusedIsRenewedAgain(t *testing.T) {
	const (
		upgraded   = "%1\r\n$5\r\nproto\r\n:3\r\n"
		downgraded = "*2\r\n$5\r\nproto\r\n:2\r\n"
		refused    = "-ERR Can't execute 'get'\r\n"
		again      = "3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n"
		pong       = "*2\r\n$4\r\npong\r\n$2\r\nhi\r\n"
		notPubSub  = "*2\r\n$5\r\nhello\r\n*1\r\n$7\r\nmessage\r\n"
		onlyB      = "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n"
		none       = "*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:0\r\n"
		value      = "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nno\r\n" // of a list
	)
	messages := subscribedTo2[len(subscribedTo2)-len("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n"):]
	messages += "*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$1\r\na\r\n$4\r\n-ERR\r\n" + "*3\r\n$8\r\nsmessage\r\n$1\r\na\r\n$0\r\n\r\n"
	for size := 1; size < 200; size++ {
		s := sessionAfter("SUBSCRIBE a")
		step := func(commands, answer, want string) {
			t.Helper()
			if commands != "" {
				s.Plan(modelserver.Encode(strings.Split(commands, ", ")...), nil, nil, &standstill{})
			}
			if got := answersInPieces(t, s, answer, size); got != want {
				t.Fatalf("in pieces of %d bytes, after %q: the client read %q, want %q", size, commands, got, want)
			}
			if s.HoldsBack() {
				t.Fatalf("after %q: holds back", commands)
			}
		}
		barred := func(want session.Reason) {
			t.Helper()
			if why, forever := s.BarredBy(); why != want || forever || s.MayAuth() != (want == session.Renewable) || !s.Idle() {
				t.Fatalf("in pieces of %d bytes: barred by %q, for ever %v, idle %v; want %q", size, why, forever, s.Idle(), want)
			}
		}
		step("", upgraded+strings.ReplaceAll(subscribedTo2, "*3", ">3"), subscribedTo2)
		barred(session.Renewable)
		step("GET k", downgraded+messages+refused+messages, messages+refused+messages)
		barred(session.BecauseSubscriber)
		if !s.MayRetire() {
			t.Fatal("may not end before its token expires")
		}
		step("PING hi", messages+pong+messages, messages+pong+messages)
		step("GET k", refused, refused)
		step("CLIENT REPLY SKIP, GET k", refused+refused, refused+refused) // the first one too
		step("SUBSCRIBE b, BLPOP k 0", "*"+again+refused, "*"+again+refused)
		step("GET k", notPubSub, notPubSub) // whatever a server may say
		barred(session.BecauseSubscriber)
		step("UNSUBSCRIBE a b, LRANGE l 0 -1", messages+onlyB+none+value, messages+onlyB+none+value)
		barred(session.Renewable)
		step("LRANGE l 0 -1", value, value)
		step("SUBSCRIBE a", upgraded+strings.ReplaceAll(subscribedTo2, "*3", ">3"), subscribedTo2)
		barred(session.Renewable)
	}
}

func TestAnswerInRESP3IsTranslatedFromItsFirstByte(t *testing.T) {
	const subscribedTo3 = ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n"
	for name, answer := range map[string]string{
		"map":                   "%1\r\n$5\r\nproto\r\n:3\r\n",
		"map without a version": "%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n",
		"empty map":             "%0\r\n",
		"attribute before it":   attribute + "%1\r\n+proto\r\n:3\r\n",
		"push before it":        cachePush + "%1\r\n$5\r\nproto\r\n:3\r\n",
		"pushes and attribute":  cachePush + cachePush + attribute + "%1\r\n$5\r\nproto\r\n:3\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			all := answer + subscribedTo3
			for cut := 1; cut < len(all); cut++ {
				for _, size := range []int{cut, -cut} {
					s := sessionAfter("SUBSCRIBE a")
					if got := answersInPieces(t, s, all, size); got != subscribedTo2 {
						t.Fatalf("in pieces of %d bytes the client read %q", size, got)
					}
					if why, _ := s.BarredBy(); why != session.Renewable || onlyRESP2(s) || !s.MayAuth() {
						t.Fatalf("in pieces of %d bytes: barred by %q, may AUTH %v", size, why, s.MayAuth())
					}
					if got := answersInPieces(t, s, subscribedTo3, len(subscribedTo3)); got != subscribedTo2 {
						t.Fatalf("in pieces of %d bytes: and then the client read %q", size, got)
					}
					if edits, _, _ := s.Plan(modelserver.Encode("SUBSCRIBE b"), nil, nil, &standstill{}); len(edits) > 0 {
						t.Fatalf("in pieces of %d bytes: asked again", size)
					}
				}
			}
		})
	}
}

// The client's own HELLO is answered by the same servers. Its answer is the client's.
func TestClientsHelloMayLeaveTheWireInRESP2(t *testing.T) {
	for answer, inRESP3 := range map[string]bool{
		hello2Array:                         false,
		"%1\r\n$5\r\nproto\r\n:2\r\n":       false,
		"%1\r\n$5\r\nproto\r\n:3\r\n":       true,
		"%1\r\n$6\r\nserver\r\n$1\r\nx\r\n": true,
		"+OK\r\n":                           false,
	} {
		for cut := 1; cut < len(answer); cut++ {
			for _, known := range []int64{0, 7} {
				s := sessionKnownAs(t, known)
				s.Plan(modelserver.Encode("HELLO 3"), nil, nil, &standstill{})
				if got := answersInPieces(t, s, answer, -cut); got != answer {
					t.Fatalf("cut at %d: the client read %q", cut, got)
				}
				if edits, _, _ := s.Plan(modelserver.Encode("SUBSCRIBE a"), nil, nil, &standstill{}); len(edits) == 0 != inRESP3 {
					t.Fatalf("cut at %d: %d edits before SUBSCRIBE, in RESP3 %v", cut, len(edits), inRESP3)
				}
			}
		}
	}
}

func TestNumberInAnyType(t *testing.T) {
	for reply, want := range map[string]int64{
		"%1\r\n$2\r\nid\r\n:12\r\n":      12,
		"*2\r\n+id\r\n:12\r\n":           12,
		"*2\r\n$2\r\nid\r\n$2\r\n12\r\n": 12,
		"*2\r\n$2\r\nid\r\n+12\r\n":      12,
		"*2\r\n$2\r\nid\r\n+\r\n":        0,
		"*2\r\n$2\r\nid\r\n$0\r\n\r\n":   0,
		"*1\r\n$2\r\nid\r\n":             0,
		"*2\r\n$3\r\nide\r\n:12\r\n":     0,
		"+OK\r\n":                        0,
	} {
		s := sessionAfter("HELLO")
		if _, _, err := s.Received([]byte(reply), 0, &standstill{}); err != nil {
			t.Fatal(err)
		}
		if got := s.ClientNumber(); got != want {
			t.Errorf("%q: %d, want %d", reply, got, want)
		}
	}
}

func TestForbiddenHelloIsReportedOnce(t *testing.T) {
	for answer, want := range map[string]bool{
		"-NOPERM this user has no permissions to run the 'hello' command or its subcommand\r\n": true,
		"-NOPERM User me has no permissions to run the 'hello' command\r\n":                     true,
		"-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n":                     false,
		"-LOADING Redis is loading the dataset in memory\r\n":                                   false,
		hello2Array: false,
	} {
		s := sessionAfter("SUBSCRIBE a")
		answersInPieces(t, s, answer+subscribedTo2, 1)
		first := s.TakeAnswers()
		if first.HelloForbidden != want || want && !first.OnlyRESP2 || s.TakeAnswers().HelloForbidden {
			t.Errorf("%q: forbidden is %v, only RESP2 %v", answer, first.HelloForbidden, first.OnlyRESP2)
		}
	}
}
