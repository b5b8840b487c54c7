package session_test

import (
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// In a sliceWorld commands may block for a minute, which passes when the test says so.
type sliceWorld struct {
	over bool
	end  session.PendingReply // what a call that was cancelled ends with
}

func (*sliceWorld) MayBlock(session.Auth) (time.Time, time.Duration) { return time.Time{}, time.Minute }
func (*sliceWorld) Blocks(int64)                                     {}
func (*sliceWorld) Unblock(int64, session.PendingReply)              {}

func (w *sliceWorld) Cancelled(int64, time.Time) (now time.Time, end session.PendingReply) {
	if w.over {
		now = now.Add(time.Minute)
	}
	return now, w.end
}

// A null of a slice's end is ours to the last byte, however the network cuts it, and another one is
// the client's.
func TestNullsCutAnywhere(t *testing.T) {
	for _, null := range []string{"*-1\r\n", "$-1\r\n", "_\r\n", "*2\r\n$1\r\nk\r\n$3\r\n*-1\r\n", "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n", "$3\r\njob\r\n"} {
		for _, over := range []bool{false, true} {
			for first := range len(null) {
				for second := first; second < len(null); second++ {
					var s session.Session
					s.Init()
					world := &sliceWorld{over: over}
					s.Plan(modelserver.Encode("BLPOP k 0"), nil, nil, world)
					var client []byte
					for _, piece := range []string{null[:first], null[first:second], null[second:]} {
						p := []byte(piece)
						kept, behind, err := s.Received(p, 0, world)
						if err != nil {
							t.Fatal(err)
						}
						client = append(append(client, p[:kept]...), behind...)
					}
					ours := over && (strings.Contains(null, "-1") && len(null) == 5 || null == "_\r\n")
					if want := null; ours && len(client) > 0 || !ours && string(client) != want {
						t.Fatalf("%q cut at %d and %d, at the end of a slice: %v: the client read %q", null, first, second, over, client)
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
// place of an error.
func TestUnblockMeetsTheEndOfASlice(t *testing.T) {
	for _, tc := range []struct {
		over   bool
		end    session.PendingReply
		client string
		resent bool
	}{
		{over: false, end: session.NoReply, client: "*-1\r\n"},
		{over: true, end: session.NoReply, resent: true},
		{over: true, end: session.NullReply, client: "*-1\r\n"},
		{over: true, end: session.UnblockedReply, client: "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"},
	} {
		var s session.Session
		s.Init()
		world := &sliceWorld{over: tc.over, end: tc.end}
		s.Plan(modelserver.Encode("BLPOP k 0"), nil, nil, world)
		p := []byte("*-1\r\n")
		kept, behind, err := s.Received(p, 0, world)
		client := string(p[:kept]) + string(behind)
		if err != nil || tc.end != session.UnblockedReply && s.Slicing() != tc.resent {
			t.Fatalf("%+v: %v, in slices %v", tc, err, s.Slicing())
		}
		if s.Slicing() {
			command, cancelled, due := s.Again(world)
			if resent := string(command) == string(modelserver.Encode("BLPOP k 0")); resent != tc.resent || cancelled == resent || due == resent {
				t.Errorf("%+v: to be sent %q, cancelled %v, due %v", tc, command, cancelled, due)
			}
			kept, behind, err := s.Received(p[:0], 0, world)
			if err != nil {
				t.Fatal(err)
			}
			client += string(p[:kept]) + string(behind)
		}
		if client != tc.client {
			t.Errorf("%+v: the client read %q", tc, client)
		}
	}
}

// What is held back during a call waits for its reply, and for nothing else.
func TestBytesAfterACallWaitForItsReply(t *testing.T) {
	var s session.Session
	s.Init()
	world := &sliceWorld{}
	s.Plan(modelserver.Encode("BLPOP k 0"), nil, nil, world)
	if !s.HoldsBack() {
		t.Fatal("does not hold back")
	}
	s.HoldBehind()
	if s.Ready() {
		t.Error("ready before the reply")
	}
	if _, _, err := s.Received([]byte("*2\r\n$1\r\nk\r\n$1\r\nv\r\n"), 0, world); err != nil || !s.Ready() || s.Slicing() {
		t.Errorf("after the reply: %v, ready %v, in slices %v", err, s.Ready(), s.Slicing())
	}
}

// A call that is cancelled while a push is being read gets its reply after the push.
func TestPendingReplyWaitsForThePushToEnd(t *testing.T) {
	const push = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"
	for cut := range len(push) + 1 {
		var s session.Session
		s.Init()
		world := &sliceWorld{over: true}
		s.Plan(modelserver.Encode("BLPOP k 0"), nil, nil, world)
		client := ""
		read := func(all string) {
			p := []byte(all)
			kept, behind, err := s.Received(p, 0, world)
			if err != nil {
				t.Fatal(err)
			}
			client += string(p[:kept]) + string(behind)
		}
		read("*-1\r\n" + push[:cut])
		world.end = session.NullReply
		if _, cancelled, due := s.Again(world); !cancelled || due != (cut == 0 || cut == len(push)) {
			t.Fatalf("cut at %d: cancelled %v, due %v", cut, cancelled, due)
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
	s.Init()
	world := &sliceWorld{}
	overdue := func() [3]bool {
		var begin time.Time
		return [3]bool{s.SliceOverdue(begin), s.SliceOverdue(begin.Add(time.Minute)), s.SliceOverdue(begin.Add(time.Minute + 1))}
	}
	if got := overdue(); got != [3]bool{} {
		t.Errorf("before a call: %v", got)
	}
	s.Plan(modelserver.Encode("BLPOP k 0"), nil, nil, world)
	if got := overdue(); got != [3]bool{false, false, true} {
		t.Errorf("during a slice: %v", got)
	}
	world.over = true
	if _, _, err := s.Received([]byte("*-1\r\n"), 0, world); err != nil || overdue() != [3]bool{} {
		t.Errorf("after its end: %v, %v", overdue(), err)
	}
}
