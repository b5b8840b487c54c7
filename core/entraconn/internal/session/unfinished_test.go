package session_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// commandsThatAreHeld must be seen as a whole before their first byte goes out, or until it is known
// what they are.
func commandsThatAreHeld() [][]byte {
	var keys strings.Builder
	for i := range 300 {
		fmt.Fprintf(&keys, " key:%d", i)
	}
	return [][]byte{
		modelserver.Encode("BLPOP" + keys.String() + " 0"),
		modelserver.Encode("XREAD COUNT 1 BLOCK 0 STREAMS" + strings.Repeat(keys.String(), 2)),
		modelserver.Encode("CLIENT UNBLOCK 17 ERROR"),
		modelserver.Encode("AUTH us " + strings.Repeat("t", 1500)),
		modelserver.Encode("HELLO 3 AUTH us mine SETNAME n"),
		modelserver.Encode("HELLO 3" + strings.Repeat(" SETNAME n", 100)),
		modelserver.Encode("GET k"),
		modelserver.Encode(strings.Repeat("N", 5000) + " k"),
		modelserver.Encode("SUBSCRIBE a b c"),
	}
}

// What was held back of a command that comes byte by byte is not scanned again with each byte: the
// planned bytes may be anything, until the command is complete. What becomes of it is the same as
// if it came at once.
func TestUnfinishedCommandsAreScannedOnce(t *testing.T) {
	for _, command := range commandsThatAreHeld() {
		want := outcome(sessionKnownAs(t, 17), command, func(s *session.Session) ([]session.Edit, []session.Unblock, []byte) {
			edits, unblocks, taken := s.Plan(command, nil, nil, &sliceWorld{})
			return edits, unblocks, command[:taken]
		})
		got := outcome(sessionKnownAs(t, 17), command, func(s *session.Session) (edits []session.Edit, unblocks []session.Unblock, out []byte) {
			var held []byte
			for i := range command {
				p := append(bytes.Repeat([]byte("?"), len(held)), command[i])
				if i == len(command)-1 {
					p = append(held, command[i])
				}
				e, u, taken := s.Plan(p, nil, nil, &sliceWorld{})
				for _, edit := range e {
					edit.At += len(out)
					edits = append(edits, edit)
				}
				unblocks = append(unblocks, u...)
				held = append(held, command[i])
				out, held = append(out, held[:taken]...), held[taken:]
			}
			return edits, unblocks, out
		})
		if got != want {
			t.Errorf("%.40q came byte by byte:\n%.400s\nand at once:\n%.400s", command, got, want)
		}
	}
}

// A command that is too long to be held back goes out piece by piece: the server may refuse it for its
// length before the rest has come.
func TestCommandsThatAreTooLongAreNotHeld(t *testing.T) {
	for _, start := range []string{"*1048577\r\n", "*200000\r\n$5\r\nBLP", "*3\r\n$5\r\nBLPOP\r\n$1048577\r\n", "*3\r\n$4\r\nAUTH\r\n$2\r\nus\r\n$999999999999\r\nx"} {
		s := sessionKnownAs(t, 17)
		p := []byte(start)
		if edits, _, taken := s.Plan(p, nil, nil, &sliceWorld{}); taken != len(p) || len(edits) > 0 || s.MayAuth() {
			t.Errorf("of %q %d bytes go out, edits %v, AUTH may follow: %v", start, taken, edits, s.MayAuth())
		}
	}
	for _, start := range []string{"*3\r\n", "*3\r\n$5\r\nBLPOP\r\n$1000000\r\n", "*1000\r\n$5\r\nBLPOP\r\n"} {
		s := sessionKnownAs(t, 17)
		if _, _, taken := s.Plan([]byte(start), nil, nil, &sliceWorld{}); taken > 0 {
			t.Errorf("of %q %d bytes go out", start, taken)
		}
	}
}

// outcome says what a session makes of a command.
func outcome(s *session.Session, command []byte, plan func(*session.Session) ([]session.Edit, []session.Unblock, []byte)) string {
	edits, unblocks, out := plan(s)
	edited := session.Edited{Input: out, Edits: edits}
	why, _ := s.BarredBy()
	return fmt.Sprintf("%v %q %v, %d of %d bytes %q", s.Slicing(), why, unblocks, len(out), len(command), edited.Next())
}

// An AUTH goes out before a command of which a part is held back, whether alone or with its end, and
// a write that is taken back leaves that part as it was.
func TestAuthBeforeAnUnfinishedCommand(t *testing.T) {
	command := modelserver.Encode("BLPOP k 0")
	for cut := 1; cut < len(command); cut++ {
		for _, retracted := range []bool{false, true} {
			s := sessionKnownAs(t, 17)
			auth := &testAuth{wire: "AUTH"}
			if _, _, taken := s.Plan(command[:cut], nil, nil, &sliceWorld{}); taken != 0 || !s.MayAuth() {
				t.Fatalf("cut at %d: %d bytes go out, may AUTH %v", cut, taken, s.MayAuth())
			}
			if edits, _, taken := s.Plan(command[:cut], auth, nil, &sliceWorld{}); len(edits) != 1 || edits[0].At != 0 || taken != 0 {
				t.Fatalf("cut at %d: %d edits, %d bytes", cut, len(edits), taken)
			}
			if _, err := receivedInTwo(s, "+OK\r\n", 2); err != nil || len(s.TakeAnswers().Verdicts) != 1 {
				t.Fatalf("cut at %d: %v", cut, err)
			}
			if retracted {
				mark := s.Mark()
				s.Plan(append(command[:cut:cut], command[cut:]...), auth, nil, &sliceWorld{})
				s.Retract(&mark)
			}
			edits, _, taken := s.Plan(command, auth, nil, &sliceWorld{})
			if len(edits) != 2 || edits[0].At != 0 || edits[0].Auth == nil || taken != len(command) || !s.Slicing() {
				t.Errorf("cut at %d, retracted %v: edits %+v, %d bytes, slicing %v", cut, retracted, edits, taken, s.Slicing())
			}
		}
	}
}

// Large writes are not copied, wherever AUTH goes in.
func TestEditedCopiesNoLargeStretch(t *testing.T) {
	large := bytes.Repeat([]byte("v"), 1<<20)
	auth := &testAuth{wire: "AUTH"}
	for _, tc := range []struct {
		name   string
		bytes  []byte
		edits  []session.Edit
		pieces []int // lengths
	}{
		{"nothing", nil, nil, nil},
		{"small", large[:100], []session.Edit{{At: 50, Auth: auth}}, []int{104}},
		{"before a large one", large, []session.Edit{{At: 0, Auth: auth}}, []int{4, 1 << 20}},
		{"after a large one", large, []session.Edit{{At: 1 << 20, Auth: auth}}, []int{1 << 20, 4}},
		{"between two large ones", large, []session.Edit{{At: 1 << 19, Auth: auth, Cut: 10}}, []int{1 << 19, 4, 1<<19 - 10}},
		{"two in a row", large[:100], []session.Edit{{At: 50, Auth: auth}, {At: 50, Auth: auth}}, []int{108}},
	} {
		edited := session.Edited{Input: tc.bytes, Edits: tc.edits}
		var got []int
		for piece := edited.Next(); len(piece) > 0; piece = edited.Next() {
			got = append(got, len(piece))
		}
		if fmt.Sprint(got) != fmt.Sprint(tc.pieces) {
			t.Errorf("%s: pieces of %v, want %v", tc.name, got, tc.pieces)
		}
	}
}
