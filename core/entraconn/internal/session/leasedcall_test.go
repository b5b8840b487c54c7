package session_test

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
)

// In a sliceWorld commands may block for a minute, which passes when the test says so.
type sliceWorld struct {
	ended bool // the minute
	// asksNothing: the server may not be asked where a stream ends.
	asksNothing bool
	longest     time.Duration // of a slice, a minute if it is 0
}

func (w *sliceWorld) LongestBlock(session.Auth) (time.Time, time.Duration) {
	return time.Time{}, cmp.Or(w.longest, time.Minute)
}
func (w *sliceWorld) MayAskStreamEnd() bool                    { return !w.asksNothing }
func (*sliceWorld) IsOurUser(user string, _ session.Auth) bool { return user == "us" }

func (w *sliceWorld) Now() (now time.Time) {
	if w.ended {
		now = now.Add(time.Minute)
	}
	return now
}

// leased returns a session in the first slice of a call, on a connection whose number it has asked
// for and knows.
func leased(t *testing.T, world *sliceWorld) *session.Session {
	t.Helper()
	s := &session.Session{}
	s.Init(false)
	s.Plan(modelserver.Encode("BLPOP k 0"), nil, nil, world)
	if kept, after, err := s.Received([]byte(":17\r\n"), 0, world); kept+len(after) > 0 || err != nil || s.ClientNumber() != 17 || !s.Slicing() {
		t.Fatal(kept, after, err, s.ClientNumber())
	}
	return s
}

// A null of a slice's end is ours to the last byte, however the network cuts it, and another one is
// the client's.
func TestNullsCutAnywhere(t *testing.T) {
	for _, null := range []string{"*-1\r\n", "$-1\r\n", "_\r\n", "*2\r\n$1\r\nk\r\n$3\r\n*-1\r\n", "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n", "$3\r\njob\r\n", "-ERR unknown option\r\n"} {
		for _, ended := range []bool{false, true} {
			for first := range len(null) {
				for second := first; second < len(null); second++ {
					world := &sliceWorld{ended: ended}
					s := leased(t, world)
					var client []byte
					for _, piece := range []string{null[:first], null[first:second], null[second:]} {
						p := []byte(piece)
						kept, after, err := s.Received(p, 0, world)
						if err != nil {
							t.Fatal(err)
						}
						client = append(append(client, p[:kept]...), after...)
					}
					ours := ended && (strings.Contains(null, "-1") && len(null) == 5 || null == "_\r\n")
					if want := null; ours && len(client) > 0 || !ours && string(client) != want {
						t.Fatalf("%q cut at %d and %d, at the end of a slice: %v: the client read %q", null, first, second, ended, client)
					}
					if s.Ready() != ours || s.Slicing() != ours {
						t.Fatalf("%q: to be sent again: %v, want %v", null, s.Ready(), ours)
					}
				}
			}
		}
	}
}

// A null that comes after CLIENT UNBLOCK is the client's, also if its slice has ended; but not in
// place of an error. Where CLIENT UNBLOCK comes after the null, the client gets what it says.
func TestUnblockMeetsTheEndOfASlice(t *testing.T) {
	const failed = "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"
	for _, tc := range []struct {
		ended         bool        // the slice
		before, after lease.Reply // CLIENT UNBLOCK before the null is read, or after it
		client        string
	}{
		{ended: false, client: "*-1\r\n"},
		{ended: true},
		{ended: true, before: lease.NullReply, client: "*-1\r\n"},
		{ended: true, before: lease.UnblockedReply, client: failed},
		{ended: false, before: lease.UnblockedReply, client: "*-1\r\n"}, // another client was faster
		{ended: true, after: lease.NullReply, client: "*-1\r\n"},
		{ended: true, after: lease.UnblockedReply, client: failed},
		{ended: true, before: lease.NullReply, after: lease.UnblockedReply, client: "*-1\r\n"},
		{ended: true, before: lease.UnblockedReply, after: lease.NullReply, client: failed},
	} {
		for cut := range len("*-1\r\n") + 1 {
			world := &sliceWorld{ended: tc.ended}
			s := leased(t, world)
			client := ""
			read := func(piece string) {
				p := []byte(piece)
				kept, after, err := s.Received(p, 0, world)
				if err != nil {
					t.Fatal(err)
				}
				client += string(p[:kept]) + string(after)
			}
			unblock := func(reply lease.Reply) {
				if reply != lease.NoReply {
					s.TakeUnblock(session.Unblock{Reply: reply})
				}
			}
			unblock(tc.before)
			read("*-1\r\n"[:cut])
			if tc.before != lease.NoReply {
				unblock(tc.after)
			}
			read("*-1\r\n"[cut:])
			unblock(tc.after)
			read("")
			if client != tc.client || s.Slicing() != (client == "") || s.Ready() != s.Slicing() {
				t.Errorf("%+v, cut at %d: the client read %q, in slices %v, to be sent again %v", tc, cut, client, s.Slicing(), s.Ready())
			}
			if s.Ready() && string(s.NextSlice(world)) != string(modelserver.Encode("BLPOP k 0")) {
				t.Errorf("%+v: another command is sent again", tc)
			}
		}
	}
}

// CLIENT UNBLOCK is for the call that blocks, and ends no later one.
func TestUnblockIsForOneCall(t *testing.T) {
	world := &sliceWorld{}
	s := leased(t, world)
	s.TakeUnblock(session.Unblock{Reply: lease.NullReply})
	for _, reply := range []string{"*2\r\n$1\r\nk\r\n$1\r\nv\r\n", "*-1\r\n"} {
		if _, _, err := s.Received([]byte(reply), 0, world); err != nil || s.Slicing() != world.ended {
			t.Fatalf("after %q: %v, in slices %v", reply, err, s.Slicing())
		}
		s.TakeUnblock(session.Unblock{Reply: lease.NullReply}) // between two calls
		s.Plan(modelserver.Encode("BLPOP k 0"), nil, nil, world)
		world.ended = true
	}
}

// What is held back during a call waits for its reply, and for nothing else.
func TestBytesAfterACallWaitForItsReply(t *testing.T) {
	world := &sliceWorld{}
	s := leased(t, world)
	if !s.HoldsBack() {
		t.Fatal("does not hold back")
	}
	s.HoldMore()
	if s.Ready() {
		t.Error("ready before the reply")
	}
	if _, _, err := s.Received([]byte("*2\r\n$1\r\nk\r\n$1\r\nv\r\n"), 0, world); err != nil || !s.Ready() || s.Slicing() {
		t.Errorf("after the reply: %v, ready %v, in slices %v", err, s.Ready(), s.Slicing())
	}
}

// A call waits for the replies to what comes before it, however much is held back after it.
func TestBytesAfterAWaitingCallWaitAsLong(t *testing.T) {
	var s session.Session
	s.Init(false)
	world := &sliceWorld{}
	p := append(modelserver.Encode("GET k"), modelserver.Encode("BLPOP k 0")...)
	if _, _, taken := s.Plan(p, nil, nil, world); taken != len(modelserver.Encode("GET k")) || !s.HoldsBack() {
		t.Fatalf("%d bytes go out, holds back %v", taken, s.HoldsBack())
	}
	s.HoldMore()
	s.HoldMore()
	if s.Ready() {
		t.Error("ready before the reply to GET")
	}
	if _, _, err := s.Received([]byte("$-1\r\n"), 0, world); err != nil || !s.Ready() {
		t.Errorf("after the reply to GET: %v, ready %v", err, s.Ready())
	}
}

// A call that is cancelled while a push is being read gets its reply after the push.
func TestPendingReplyWaitsForThePushToEnd(t *testing.T) {
	const push = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"
	for cut := range len(push) + 1 {
		world := &sliceWorld{ended: true}
		s := leased(t, world)
		client := ""
		read := func(all string) {
			p := []byte(all)
			kept, after, err := s.Received(p, 0, world)
			if err != nil {
				t.Fatal(err)
			}
			client += string(p[:kept]) + string(after)
		}
		read("*-1\r\n" + push[:cut])
		if wake := s.TakeUnblock(session.Unblock{Reply: lease.NullReply}); wake != (cut == 0 || cut == len(push)) || !s.HasPendingReply() {
			t.Fatalf("cut at %d: wake %v, pending reply %v", cut, wake, s.HasPendingReply())
		}
		read(push[cut:])
		read("")
		if client != push+"*-1\r\n" && (cut > 0 || client != "*-1\r\n"+push) {
			t.Errorf("cut at %d: the client read %q", cut, client)
		}
	}
}

func TestSliceIsOverdue(t *testing.T) {
	var s session.Session
	s.Init(false)
	world := &sliceWorld{}
	overdue := func() [3]bool {
		var begin time.Time
		return [3]bool{s.SliceOverdue(begin), s.SliceOverdue(begin.Add(time.Minute)), s.SliceOverdue(begin.Add(time.Minute + 1))}
	}
	if got := overdue(); got != [3]bool{} {
		t.Errorf("before a call: %v", got)
	}
	s = *leased(t, world)
	if got := overdue(); got != [3]bool{false, false, true} {
		t.Errorf("during a slice: %v", got)
	}
	world.ended = true
	if _, _, err := s.Received([]byte("*-1\r\n"), 0, world); err != nil || overdue() != [3]bool{} {
		t.Errorf("after its end: %v, %v", overdue(), err)
	}
}
