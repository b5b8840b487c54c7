package session_test

import (
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
)

// The timeout is found by position, whatever options a server gets some day, and nothing but the timeout
// changes.
func TestTimeoutIsFound(t *testing.T) {
	for _, command := range []string{
		"BLPOP k 0>60.000", "brpop k l 0>60.000", "BZPOPMIN 0 0>60.000", "BLMOVE k l LEFT RIGHT 0>60.000", "BRPOPLPUSH k l 0>60.000",
		"BLMPOP 0>60.000 1 k LEFT", "BZMPOP 0>60.000 1 0 MIN COUNT 3",
		"XREAD BLOCK 0>60000 STREAMS s 0",
		"XREAD block 0>60000 count 5 Streams BLOCK 0",
		"XREAD BLOCK 5 BLOCK 0>60000 STREAMS s 0",
		"XREAD NEW BLOCK 0>60000 STREAMS s 0",
		"XREAD NEW 7 BLOCK 0>60000 NEWER STREAMS s 0",
		"XREADGROUP GROUP BLOCK BLOCK BLOCK 0>60000 STREAMS s >",
		"XREADGROUP GROUP g c COUNT 1 BLOCK 0>60000 NOACK STREAMS s >",
		"XREADGROUP GROUP g c BLOCK 0>60000 CLAIM 5 STREAMS s >",
		"XREADGROUP GROUP g c CLAIM 5 BLOCK 0>60000 NOACK STREAMS s >",
		"XREADGROUP GROUP g c claim BLOCK BLOCK 0>60000 STREAMS s >", // the server will refuse that
		"XREADGROUP GROUP g c BLOCK 0>60000 NEW 5 STREAMS s >",
	} {
		var as, sent []string // as the client writes it, and as it goes out
		for _, word := range strings.Fields(command) {
			before, after, found := strings.Cut(word, ">")
			if !found || before == "" {
				before, after = word, word
			}
			as, sent = append(as, before), append(sent, after)
		}
		s, world := numbered(t), &sliceWorld{}
		if wire := goesOut(t, s, strings.Join(as, " "), world); wire != string(modelserver.Encode(strings.Join(sent, " "))) {
			t.Errorf("%s: goes out as %q", command, wire)
		}
	}
}

// CLIENT CACHING says something of commands that only read, and of those XREAD blocks. Others go out in
// slices behind it.
func TestCallsBehindClientCaching(t *testing.T) {
	for command, sent := range map[string]string{
		"BLPOP k 0": "BLPOP k 60.000",
		"XREADGROUP GROUP g c BLOCK 0 STREAMS s >": "XREADGROUP GROUP g c BLOCK 60000 STREAMS s >",
		"XREAD BLOCK 0 STREAMS s 0":                "XREAD BLOCK 0 STREAMS s 0",
	} {
		s, world := numbered(t), &sliceWorld{}
		goesOut(t, s, "CLIENT CACHING YES", world)
		answer(t, s, world, "+OK\r\n", "+OK\r\n")
		if wire := goesOut(t, s, command, world); wire != string(modelserver.Encode(sent)) || s.Slicing() != (sent != command) {
			t.Errorf("%s: goes out as %q, in slices: %v", command, wire, s.Slicing())
		}
		if s.MayRetire() == s.Slicing() {
			t.Errorf("%s: may be retired: %v", command, s.MayRetire())
		}
	}
}

// Redis 6.0 takes a thousandth of a second for 0, which is for ever.
func TestShortestSlice(t *testing.T) {
	for command, sent := range map[string]string{
		"BLPOP k 0":                 "BLPOP k 0.002",
		"BLMPOP 5 1 k LEFT":         "BLMPOP 0.002 1 k LEFT",
		"XREAD BLOCK 0 STREAMS s 0": "XREAD BLOCK 1 STREAMS s 0",
	} {
		s, world := numbered(t), &sliceWorld{longest: time.Microsecond}
		if wire := goesOut(t, s, command, world); wire != string(modelserver.Encode(sent)) {
			t.Errorf("%s: goes out as %q", command, wire)
		}
	}
}

// A CLIENT UNBLOCK behind a command that blocks and is not sent in slices runs when that is over, and is
// an event of the other connection's call then.
func TestUnblockBehindACallWaits(t *testing.T) {
	s, world := numbered(t), &sliceWorld{}
	p := modelserver.Encode("WAIT 1 0", "CLIENT UNBLOCK 18")
	first := len(modelserver.Encode("WAIT 1 0"))
	if _, unblocks, taken := s.Plan(p, nil, nil, world); taken != first || len(unblocks) > 0 || s.Ready() {
		t.Fatalf("%d of %d bytes go out, unblocks %v, ready %v", taken, len(p), unblocks, s.Ready())
	}
	answer(t, s, world, ":0\r\n", ":0\r\n")
	if !s.Ready() {
		t.Fatal("it is not ready after the reply")
	}
	if _, unblocks, taken := s.Plan(p[first:], nil, nil, world); taken != len(p)-first || len(unblocks) != 1 {
		t.Errorf("%d of %d bytes go out, unblocks %v", taken, len(p)-first, unblocks)
	}
}

// A server refuses CLIENT UNBLOCK to a subscriber in RESP2.
func TestUnblockOfASubscriberEndsNoCall(t *testing.T) {
	const hello3, hello2 = "%1\r\n+proto\r\n:3\r\n", "*2\r\n$5\r\nproto\r\n:2\r\n"
	subscribed := push("subscribe", "$1\r\na\r\n", ":1\r\n")
	for _, answersFirst := range []bool{true, false} {
		s := sessionAfter("SUBSCRIBE a")
		if answersFirst {
			answersInPieces(t, s, hello3+subscribed, 1000)
		} else {
			answersInPieces(t, s, hello3, 1000)
		}
		p := modelserver.Encode("CLIENT UNBLOCK 18")
		_, unblocks, taken := s.Plan(p, nil, nil, &standstill{})
		if !answersFirst {
			if taken > 0 || s.Ready() {
				t.Fatalf("%d bytes go out before it is known whether there is a subscription, ready %v", taken, s.Ready())
			}
			answersInPieces(t, s, subscribed+hello2, 1000)
			_, unblocks, taken = s.Plan(p, nil, nil, &standstill{})
		}
		if taken != len(p) || len(unblocks) > 0 {
			t.Errorf("%d of %d bytes go out, unblocks %v", taken, len(p), unblocks)
		}
	}
}

// A reply that comes at the moment of the end is not given to the client in part.
func TestRetiredConnectionGivesNothingMore(t *testing.T) {
	const reply = "*2\r\n:0\r\n:0\r\n"
	for cut := range len(reply) {
		s, world := numbered(t), &sliceWorld{}
		goesOut(t, s, "WAITAOF 1 0 0", world)
		if !s.Retire() {
			t.Fatal("it may not be retired")
		}
		for _, piece := range []string{reply[:cut], reply[cut:]} {
			p := []byte(piece)
			if kept, after, err := s.Received(p, s.TakeExpected(p), world); kept > 0 || len(after) > 0 || err != nil {
				t.Fatalf("cut at %d: the client reads %q%q, %v", cut, p[:kept], after, err)
			}
		}
	}
	s, world := numbered(t), &sliceWorld{}
	goesOut(t, s, "GET k", world)
	if s.Retire() {
		t.Error("it is retired while a command waits for its reply")
	}
	answer(t, s, world, "$1\r\nv\r\n", "$1\r\nv\r\n")
}

// What has no timeout that is understood, or is none of these commands, goes out as it is.
func TestCommandsThatAreNotSliced(t *testing.T) {
	for command, retires := range map[string]bool{
		"XREAD BLOCK":                      false,
		"XREAD NEW BLOCK STREAMS s 0":      false,
		"XREAD BLOCK 0 NEW s 0":            false,
		"XREAD BLOCK 0 STREAMS":            false,
		"XREADGROUP GROUP BLOCK":           false,
		"BLPOP k 0x1p3":                    false,
		"BLPOP 0":                          false,
		"WAIT 1 0":                         true,
		"WAIT 1 60001":                     true,
		"WAITAOF 1 0 3600000":              true,
		"WAIT 1 60000":                     false,
		"WAIT 1 -1":                        false,
		"WAIT 1":                           false,
		"XREADGROUP GROUP g c STREAMS s >": false,
	} {
		s, world := numbered(t), &sliceWorld{}
		if wire := goesOut(t, s, command, world); wire != string(modelserver.Encode(command)) {
			t.Errorf("%s: goes out as %q", command, wire)
		}
		if s.Slicing() || s.MayRetire() != retires {
			t.Errorf("%s: in slices: %v, may be retired: %v", command, s.Slicing(), s.MayRetire())
		}
	}
}

// WAIT is looked at as a whole, however it is written.
func TestWaitInPieces(t *testing.T) {
	p := modelserver.Encode("WAIT 1 0")
	for cut := range len(p) {
		s, world := numbered(t), &sliceWorld{}
		edits, _, taken := s.Plan(p[:cut], nil, nil, world)
		if taken > 0 || len(edits) > 0 {
			t.Fatalf("%q goes out", composed(p[:taken], edits))
		}
		edits, _, taken = s.Plan(p, nil, nil, world)
		if wire := composed(p[:taken], edits); wire != string(p) || !s.MayRetire() {
			t.Errorf("cut at %d: %q goes out, may be retired: %v", cut, wire, s.MayRetire())
		}
	}
}

// The error of a server that does not know the command shows what the client has written, wherever the
// network cuts it.
func TestUnknownCommandShowsTheClientsTimeout(t *testing.T) {
	const (
		command = "BLMPOP 3600 1 k LEFT"
		shows   = "-ERR unknown command 'BLMPOP', with args beginning with: '60.000' '1' 'k' 'LEFT' \r\n"
		want    = "-ERR unknown command 'BLMPOP', with args beginning with: '3600' '1' 'k' 'LEFT' \r\n"
	)
	for _, before := range []lease.Reply{lease.NoReply, lease.NullReply, lease.UnblockedReply} {
		for first := range len(shows) {
			for second := first; second < len(shows); second++ {
				s, world := numbered(t), &sliceWorld{}
				if wire := goesOut(t, s, command, world); wire != string(modelserver.Encode("BLMPOP 60.000 1 k LEFT")) {
					t.Fatalf("%q goes out", wire)
				}
				answer(t, s, world, shows[:first], "")
				if before != lease.NoReply && first < len("-ERR unknown command") {
					s.TakeUnblock(session.Unblock{Reply: before})
				}
				answer(t, s, world, shows[first:second], "")
				answer(t, s, world, shows[second:], "")
				if wire := next(t, s, world); wire != string(modelserver.Encode(command)) || s.Slicing() {
					t.Fatalf("cut at %d and %d: %q goes out", first, second, wire)
				}
				answer(t, s, world, want, want)
				if !s.Idle() || !s.MayAuth() || s.MayRetire() {
					t.Fatal("something is left of the call")
				}
				if wire := goesOut(t, s, "BLPOP k 0", world); wire != string(modelserver.Encode("BLPOP k 60.000")) {
					t.Fatalf("the next call goes out as %q", wire)
				}
			}
		}
	}
}

// In a transaction nothing blocks, so nothing waits for the end of a call.
func TestUnblockInATransactionGoesOut(t *testing.T) {
	s, world := numbered(t), &sliceWorld{}
	p := modelserver.Encode("MULTI", "BLPOP k 0", "CLIENT UNBLOCK 18", "EXEC")
	if _, unblocks, taken := s.Plan(p, nil, nil, world); taken != len(p) || len(unblocks) > 0 {
		t.Errorf("%d of %d bytes go out, unblocks %v", taken, len(p), unblocks)
	}
}

// A command that announces more than may be held back goes out, also where an int has 32 bits.
func TestWhatCannotBeHeldGoesOut(t *testing.T) {
	for _, start := range []string{
		"*3\r\n$5\r\nBLPOP\r\n$2147483647\r\n", "*3\r\n$5\r\nBLPOP\r\n$1\r\nk\r\n$2147483640\r\n", "*2147483647\r\n$5\r\nBLP",
		"*429496800\r\n$5\r\nBLPOP\r\n$1\r\n", "*3\r\n$5\r\nBLPOP\r\n$9223372036854775805\r\n", "*715827883\r\n$5\r\nBLPOP\r\n$1\r\n",
	} {
		s := numbered(t)
		if _, _, taken := s.Plan([]byte(start), nil, nil, &sliceWorld{}); taken != len(start) {
			t.Errorf("%q: %d bytes go out of %d", start, taken, len(start))
		}
	}
}
