package session_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
)

// XINFO STREAM, as the servers answer it. An entry holds what looks like a field.
const (
	entry     = "*2\r\n$3\r\n1-1\r\n*2\r\n$17\r\nlast-generated-id\r\n$3\r\n9-9\r\n"
	counts    = "$6\r\nlength\r\n:2\r\n$15\r\nradix-tree-keys\r\n:1\r\n$16\r\nradix-tree-nodes\r\n:2\r\n"
	lastID    = "$17\r\nlast-generated-id\r\n$4\r\n17-5\r\n"
	groups    = "$6\r\ngroups\r\n:0\r\n"
	newer     = "$20\r\nmax-deleted-entry-id\r\n$3\r\n0-0\r\n$13\r\nentries-added\r\n:2\r\n$23\r\nrecorded-first-entry-id\r\n$3\r\n1-1\r\n"
	entries   = "$11\r\nfirst-entry\r\n" + entry + "$10\r\nlast-entry\r\n" + entry
	redis5    = "*14\r\n" + counts + groups + lastID + entries
	redis7    = "*20\r\n" + counts + lastID + newer + groups + entries
	redis7in3 = "%10\r\n" + counts + lastID + newer + groups + entries
	noSuchKey = "-ERR no such key\r\n"
	noXinfo   = "-NOPERM this user has no permissions to run the 'xinfo|stream' command\r\n"
)

// numbered returns a session that knows the number of its connection, so that it does not ask for it.
func numbered(t *testing.T) *session.Session { return sessionKnownAs(t, 17) }

// next returns what goes out when what is held back may.
func next(t *testing.T, s *session.Session, world *sliceWorld) string {
	t.Helper()
	if !s.Ready() {
		t.Fatal("nothing may go out")
	}
	p := s.NextSlice(world)
	edits, _, taken := s.Plan(p, nil, nil, world)
	if taken != len(p) {
		t.Fatalf("%d of %d bytes are taken", taken, len(p))
	}
	return composed(p, edits)
}

// An XREAD that reads from the end of some streams goes out with the IDs that the server has answered,
// in its first slice and in the next ones, and the client reads nothing of the answers, however the
// network cuts them.
func TestOpenEndsAreAskedForOnce(t *testing.T) {
	answers := redis7 + noSuchKey + redis7in3
	for cut := range len(answers) + 1 {
		s, world := numbered(t), &sliceWorld{}
		wire := goesOut(t, s, "xread COUNT 2 block 0 Streams a b c d 0 $ $ $", world)
		if want := string(modelserver.Encode("XINFO STREAM b", "XINFO STREAM c", "XINFO STREAM d")); wire != want {
			t.Fatalf("%q goes out, want %q", wire, want)
		}
		if s.MayAuth() || s.Idle() || s.MayRetire() || !s.HoldsBack() {
			t.Fatal("an AUTH may go in, or something else")
		}
		answer(t, s, world, answers[:cut], "")
		if s.Ready() && cut < len(answers) {
			t.Fatalf("the command may go out after %d of %d bytes", cut, len(answers))
		}
		answer(t, s, world, answers[cut:], "")
		for range 3 {
			if !s.MayAuth() {
				t.Fatal("no AUTH may go in between")
			}
			world.ended = false
			want := string(modelserver.Encode("xread COUNT 2 block 60000 Streams a b c d 0 17-5 0-0 17-5"))
			if wire := next(t, s, world); wire != want {
				t.Fatalf("cut at %d: %q goes out, want %q", cut, wire, want)
			}
			world.ended = true
			answer(t, s, world, "*-1\r\n", "")
		}
		if next(t, s, world); !s.Slicing() {
			t.Fatal("no call in slices")
		}
		const found = "*1\r\n*2\r\n$1\r\nb\r\n*1\r\n" + entry
		answer(t, s, world, found, found)
		if !s.Idle() || !s.MayAuth() {
			t.Fatal("something is left of the call")
		}
	}
}

// What the server answers decides whether the command goes out with an ID or as the client wrote it.
func TestAnswersAboutTheEndOfAStream(t *testing.T) {
	const asItIs = "$"
	huge := "$" + fmt.Sprint(1<<20) + "\r\n" + strings.Repeat("x", 1<<20) + "\r\n"
	for _, tc := range []struct {
		name, answer, want string
		forbidden          bool
	}{
		{name: "Redis 5, RESP2", answer: redis5, want: "17-5"},
		{name: "Redis 7, RESP2", answer: redis7, want: "17-5"},
		{name: "Redis 7, RESP3", answer: redis7in3, want: "17-5"},
		{name: "no entries", answer: "*4\r\n" + lastID + "$11\r\nfirst-entry\r\n$-1\r\n", want: "17-5"},
		{name: "other types", answer: "%2\r\n+length\r\n,2.0\r\n+last-generated-id\r\n+17-5\r\n", want: "17-5"},
		{name: "a huge entry", answer: "*6\r\n" + lastID + "$11\r\nfirst-entry\r\n*2\r\n$3\r\n1-1\r\n*2\r\n+f\r\n" + huge + "$10\r\nlast-entry\r\n*-1\r\n", want: "17-5"},
		{name: "no key", answer: noSuchKey, want: "0-0"},
		{name: "another error about a key", answer: "-NOGROUP no such key\r\n", want: asItIs},
		{name: "entries before the field", answer: "*6\r\n" + entries + lastID, want: asItIs},
		{name: "only in an entry", answer: "*4\r\n" + counts[:16] + "$10\r\nlast-entry\r\n" + entry, want: asItIs},
		{name: "attributes before it", answer: "|1\r\n+ttl\r\n:1\r\n" + redis7in3, want: asItIs},
		{name: "after a huge field", answer: "*4\r\n$4\r\nnote\r\n" + huge + lastID, want: asItIs},
		{name: "no ID", answer: "*2\r\n$17\r\nlast-generated-id\r\n$4\r\n17-x\r\n", want: asItIs},
		{name: "empty", answer: "*0\r\n", want: asItIs},
		{name: "not there", answer: "*-1\r\n", want: asItIs},
		{name: "another type of value", answer: "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n", want: asItIs},
		{name: "another node", answer: "-MOVED 3999 127.0.0.1:6381\r\n", want: asItIs},
		{name: "another node for now", answer: "-ASK 3999 127.0.0.1:6381\r\n", want: asItIs},
		{name: "loading", answer: "-LOADING Redis is loading the dataset in memory\r\n", want: asItIs},
		{name: "unknown", answer: "-ERR unknown command 'XINFO', with args beginning with: 'STREAM' 's' \r\n", want: asItIs},
		{name: "a bulk error", answer: "!15\r\nERR no such key\r\n", want: asItIs},
		{name: "not Redis", answer: "+OK\r\n", want: asItIs},
		{name: "no rights, Redis 7.0", answer: noXinfo, want: asItIs, forbidden: true},
		{name: "no rights, Redis 6.0", answer: "-NOPERM this user has no permissions to run the 'xinfo' command or its subcommand\r\n", want: asItIs, forbidden: true},
		{name: "no rights, in other words", answer: "-NOPERM not you\r\n", want: asItIs, forbidden: true},
		{name: "no rights on the key, Redis 7.0", answer: "-NOPERM this user has no permissions to access one of the keys used as arguments\r\n", want: asItIs},
		{name: "no rights on the key, Redis 7.2", answer: "-NOPERM No permissions to access a key\r\n", want: asItIs},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, size := range []int{1, 7, 1 << 16} {
				if size < 100 && len(tc.answer) > 1<<20 {
					continue
				}
				s, world := numbered(t), &sliceWorld{}
				goesOut(t, s, "XREAD BLOCK 3600000 STREAMS s $", world)
				for rest := tc.answer; rest != ""; {
					n := min(size, len(rest))
					answer(t, s, world, rest[:n], "")
					rest = rest[n:]
				}
				if got := s.TakeAnswers(); got.StreamEndForbidden != tc.forbidden || s.TakeAnswers().StreamEndForbidden {
					t.Errorf("forbidden: %v", got.StreamEndForbidden)
				}
				want := "XREAD BLOCK 60000 STREAMS s " + tc.want
				if tc.want == asItIs {
					want = "XREAD BLOCK 3600000 STREAMS s $"
				}
				if wire := next(t, s, world); wire != string(modelserver.Encode(want)) {
					t.Errorf("in pieces of %d: %q goes out, want %q", size, wire, want)
				}
				if sliced := tc.want != asItIs; s.Slicing() != sliced || s.MayRetire() == sliced {
					t.Errorf("in slices: %v, may be retired: %v", s.Slicing(), s.MayRetire())
				}
				answer(t, s, world, "*-1\r\n", "*-1\r\n")
				if !s.Idle() {
					t.Error("something is left of the call")
				}
			}
		})
	}
}

// If one of several answers gives no ID, the command goes out as it is. The next one asks again.
func TestOneUnknownEndIsEnough(t *testing.T) {
	for _, answers := range []string{redis7 + noXinfo, noXinfo + redis7} {
		s, world := numbered(t), &sliceWorld{}
		for range 2 {
			if wire := goesOut(t, s, "XREAD BLOCK 0 STREAMS a b $ $", world); wire != string(modelserver.Encode("XINFO STREAM a", "XINFO STREAM b")) {
				t.Fatalf("%q goes out", wire)
			}
			answer(t, s, world, answers, "")
			if wire := next(t, s, world); wire != string(modelserver.Encode("XREAD BLOCK 0 STREAMS a b $ $")) {
				t.Fatalf("%q goes out", wire)
			}
			answer(t, s, world, "*-1\r\n", "*-1\r\n")
		}
	}
}

// What stands in the place of an answer is a reply to the client, so replies were counted wrongly.
func TestUnexpectedAnswerToXinfoEndsTheConnection(t *testing.T) {
	for _, reply := range []string{":17\r\n", "$4\r\n17-5\r\n", "_\r\n", "~0\r\n"} {
		s, world := numbered(t), &sliceWorld{}
		goesOut(t, s, "XREAD BLOCK 0 STREAMS s $", world)
		if kept, after, err := s.Received([]byte(reply), 0, world); kept+len(after) > 0 || err != session.ErrDesync {
			t.Errorf("%q: kept %d, %q, %v", reply, kept, after, err)
		}
	}
}

// Where a question would cost something for nothing, or stand where it may not, the command goes out as
// the client wrote it.
func TestCommandsWithoutAQuestion(t *testing.T) {
	const fromEnd = "XREAD BLOCK 0 STREAMS s $"
	for _, tc := range []struct {
		before, command string
		asksNothing     bool
		retires         bool
	}{
		{command: "XREAD STREAMS s $"},
		{command: "XREAD BLOCK 59999 STREAMS s $"},
		{command: "XREAD BLOCK 60000 STREAMS s $"},
		{command: "XREADGROUP GROUP g c BLOCK 1 STREAMS s $"},
		{command: "XREAD BLOCK 0 STREAMS s t $"},
		{command: "XREAD BLOCK x STREAMS s $"},
		{command: "XREAD BLOCK 0 STREAMS s +", retires: true},
		{command: "XREAD BLOCK 0 STREAMS s t $ +", retires: true},
		{command: fromEnd, asksNothing: true, retires: true},
		{before: "MULTI", command: fromEnd},
		{before: "ASKING", command: fromEnd},
		{before: "ASKING", command: "BLPOP k 0"},
		{before: "CLIENT CACHING YES", command: fromEnd},
		{before: "CLIENT REPLY SKIP", command: fromEnd},
		{before: "CLIENT REPLY OFF", command: fromEnd, retires: true},
	} {
		s, world := numbered(t), &sliceWorld{asksNothing: tc.asksNothing}
		if tc.before != "" {
			goesOut(t, s, tc.before, world)
		}
		if wire := goesOut(t, s, tc.command, world); wire != string(modelserver.Encode(tc.command)) {
			t.Errorf("%s, %s: %q goes out", tc.before, tc.command, wire)
		}
		if s.MayRetire() != tc.retires || s.HoldsBack() {
			t.Errorf("%s, %s: may be retired: %v, holds back: %v", tc.before, tc.command, s.MayRetire(), s.HoldsBack())
		}
	}
}

// The question waits for the replies to what comes before the command, and what comes after the command
// waits for the reply to that.
func TestQuestionInAPipeline(t *testing.T) {
	s, world := numbered(t), &sliceWorld{}
	before, command, after := "GET k", "XREAD BLOCK 0 STREAMS s $", "INCR k"
	p := modelserver.Encode(before, command, after)
	edits, _, taken := s.Plan(p, nil, nil, world)
	if wire := composed(p[:taken], edits); wire != string(modelserver.Encode(before)) || !s.HoldsBack() {
		t.Fatalf("%q goes out", wire)
	}
	s.HoldMore()
	held := append(p[taken:], modelserver.Encode(after)...)
	answer(t, s, world, "$1\r\nx\r\n", "$1\r\nx\r\n")
	plan := func(held []byte) (wire string, rest []byte) {
		t.Helper()
		if !s.Ready() {
			t.Fatal("nothing may go out")
		}
		held = append(s.NextSlice(world), held...)
		edits, _, taken := s.Plan(held, nil, nil, world)
		return composed(held[:taken], edits), held[taken:]
	}
	wire, held := plan(held)
	if wire != string(modelserver.Encode("XINFO STREAM s")) {
		t.Fatalf("%q goes out", wire)
	}
	s.HoldMore()
	answer(t, s, world, redis7, "")
	if wire, held = plan(held); wire != string(modelserver.Encode("XREAD BLOCK 60000 STREAMS s 17-5")) {
		t.Fatalf("%q goes out", wire)
	}
	answer(t, s, world, "*-1\r\n", "*-1\r\n") // before the end of the slice
	if wire, held = plan(held); wire != string(modelserver.Encode(after, after)) || len(held) > 0 {
		t.Fatalf("%q goes out, %q is held back", wire, held)
	}
}

// CLIENT UNBLOCK while the server is asked ends the call when the answers are there, and the command
// does not go out.
func TestUnblockWhileTheServerIsAsked(t *testing.T) {
	for _, tc := range []struct {
		reply  lease.Reply
		client string
	}{
		{lease.NullReply, "*-1\r\n"},
		{lease.UnblockedReply, "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"},
	} {
		for _, answers := range []string{redis7 + noSuchKey, redis7 + noXinfo} {
			for cut := range len(answers) {
				s, world := numbered(t), &sliceWorld{}
				goesOut(t, s, "XREAD BLOCK 0 STREAMS a b $ $", world)
				answer(t, s, world, answers[:cut], "")
				if s.TakeUnblock(session.Unblock{Reply: tc.reply}) {
					t.Fatal("the client's read returns before the answers are there")
				}
				answer(t, s, world, answers[cut:], tc.client)
				if !s.Idle() || s.Ready() || !s.MayAuth() {
					t.Fatalf("%q cut at %d: something is left of the call", answers, cut)
				}
				if wire := goesOut(t, s, "BLPOP k 0", world); wire != string(modelserver.Encode("BLPOP k 60.000")) {
					t.Fatalf("the next call goes out as %q", wire)
				}
			}
		}
	}
}

// Between the answers and the command, CLIENT UNBLOCK ends the call at once.
func TestUnblockBeforeTheFirstSlice(t *testing.T) {
	s, world := numbered(t), &sliceWorld{}
	goesOut(t, s, "XREAD BLOCK 0 STREAMS s $", world)
	answer(t, s, world, redis7, "")
	if !s.TakeUnblock(session.Unblock{Reply: lease.NullReply}) || !s.HasPendingReply() {
		t.Fatal("the client's read goes on")
	}
	answer(t, s, world, "", "*-1\r\n")
	if !s.Idle() || s.Ready() {
		t.Error("something is left of the call")
	}
}

// Questions that were not written are asked again.
func TestQuestionsAreAskedAgainAfterARetract(t *testing.T) {
	s, world := numbered(t), &sliceWorld{}
	for range 3 {
		mark := s.Mark()
		if wire := goesOut(t, s, "XREAD BLOCK 0 STREAMS a b $ $", world); wire != string(modelserver.Encode("XINFO STREAM a", "XINFO STREAM b")) {
			t.Fatalf("%q goes out", wire)
		}
		if s.Retract(&mark); s.Slicing() || !s.Idle() {
			t.Error("something is left after Retract")
		}
	}
	if wire := goesOut(t, s, "BLPOP k 0", world); wire != string(modelserver.Encode("BLPOP k 60.000")) {
		t.Errorf("the next call goes out as %q", wire)
	}
}

// A client that does not read keeps no answer waiting: a worker looks for it at once.
func TestQuestionsAreOverdueAtOnce(t *testing.T) {
	s, world := numbered(t), &laterWorld{at: time.Unix(1, 0)}
	s.Plan(modelserver.Encode("XREAD BLOCK 0 STREAMS s $"), nil, nil, world)
	if s.SliceEnd() != world.at || s.SliceOverdue(world.at) || !s.SliceOverdue(world.at.Add(1)) {
		t.Errorf("answers are expected by %v", s.SliceEnd())
	}
	answer(t, s, &world.sliceWorld, redis7, "")
	if !s.SliceEnd().IsZero() || s.SliceOverdue(world.at.Add(1)) {
		t.Errorf("answers are expected although they are there")
	}
}

// A laterWorld is a sliceWorld at some time.
type laterWorld struct {
	sliceWorld
	at time.Time
}

func (w *laterWorld) LongestBlock(session.Auth) (time.Time, time.Duration) { return w.at, time.Minute }
