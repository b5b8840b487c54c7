package entraconn

import (
	"strings"
	"testing"
	"time"
)

// In a sliceWorld commands may block for a minute, which passes when the test says so.
type sliceWorld struct {
	over bool
	end  owed // what a call that was cancelled ends with
}

func (*sliceWorld) mayBlock(Auth) (time.Time, time.Duration) { return time.Time{}, time.Minute }
func (*sliceWorld) blocks(int64)                             {}
func (*sliceWorld) unblock(int64, owed)                      {}

func (w *sliceWorld) cancelled(int64, time.Time) (now time.Time, end owed) {
	if w.over {
		now = now.Add(time.Minute)
	}
	return now, w.end
}

// A null of a slice's end is ours to the last byte, however the network cuts it, and another one is the host's.
func TestNullsCutAnywhere(t *testing.T) {
	for _, null := range []string{"*-1\r\n", "$-1\r\n", "_\r\n", "*2\r\n$1\r\nk\r\n$3\r\n*-1\r\n", "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n", "$3\r\njob\r\n"} {
		for _, over := range []bool{false, true} {
			for first := range len(null) {
				for second := first; second < len(null); second++ {
					var s session
					s.init()
					world := &sliceWorld{over: over}
					s.plan(encode("BLPOP k 0"), nil, nil, world)
					var host []byte
					for _, piece := range []string{null[:first], null[first:second], null[second:]} {
						p := []byte(piece)
						kept, behind, err := s.received(p, 0, world)
						if err != nil {
							t.Fatal(err)
						}
						host = append(append(host, p[:kept]...), behind...)
					}
					ours := over && (strings.Contains(null, "-1") && len(null) == 5 || null == "_\r\n")
					if want := null; ours && len(host) > 0 || !ours && string(host) != want {
						t.Fatalf("%q cut at %d and %d, at the end of a slice: %v: the host read %q", null, first, second, over, host)
					}
					if s.ready() != ours || s.slicing() != ours {
						t.Fatalf("%q: to be sent again: %v, want %v", null, s.ready(), ours)
					}
				}
			}
		}
	}
}

// A null that comes after CLIENT UNBLOCK is the client's, also if its slice has ended; but not in place of an error.
func TestUnblockMeetsTheEndOfASlice(t *testing.T) {
	for _, tc := range []struct {
		over   bool
		end    owed
		client string
		resent bool
	}{
		{over: false, end: owedNothing, client: "*-1\r\n"},
		{over: true, end: owedNothing, resent: true},
		{over: true, end: owedNull, client: "*-1\r\n"},
		{over: true, end: owedError, client: "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"},
	} {
		var s session
		s.init()
		world := &sliceWorld{over: tc.over, end: tc.end}
		s.plan(encode("BLPOP k 0"), nil, nil, world)
		p := []byte("*-1\r\n")
		kept, behind, err := s.received(p, 0, world)
		client := string(p[:kept]) + string(behind)
		if err != nil || tc.end != owedError && s.slicing() != tc.resent {
			t.Fatalf("%+v: %v, in slices %v", tc, err, s.slicing())
		}
		if s.slicing() {
			command, cancelled, due := s.again(world)
			if resent := string(command) == string(encode("BLPOP k 0")); resent != tc.resent || cancelled == resent || due == resent {
				t.Errorf("%+v: to be sent %q, cancelled %v, due %v", tc, command, cancelled, due)
			}
			kept, behind, err := s.received(p[:0], 0, world)
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
