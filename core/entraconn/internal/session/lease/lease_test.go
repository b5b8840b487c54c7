package lease_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
)

var (
	states = []string{"None", "Replying", "Waiting", "Undecided", "TakingOut", "BetweenSlices", "Asking"}
	events = []string{
		"SliceSent", "QuestionsSent", "SliceRetracted", "Unblocked", "UnblockedWithError", "FirstBytes", "NullAtEnd",
		"CommandUnknown", "ClientsReply", "ReplyEnded", "Resend", "ReplyGiven",
	}
	actions = []string{"", "KeepBytes", "GiveBytes", "TakeOut", "WakeClient", "Forget"}
	replies = []string{"", "_null", "_error"}
)

// A step is a state and an event, by their names in docs/design.md.
type step struct{ state, event string }

// An outcome is what an event leads to.
type outcome struct{ state, action string }

// drawn returns the steps of docs/design.md.
func drawn(t *testing.T) map[step]outcome {
	page, err := os.ReadFile("../../../../../docs/design.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[step]outcome{}
	for _, m := range regexp.MustCompile(`(?m)^ +(\w+) --> (\w+): (\w+)(?: / (\w+))?$`).FindAllStringSubmatch(string(page), -1) {
		from := step{m[1], m[3]}
		if _, twice := all[from]; twice {
			t.Errorf("%v is drawn twice", from)
		}
		all[from] = outcome{m[2], m[4]}
	}
	return all
}

func name(l lease.Lease) string { return states[l.State] + replies[l.UnblockReply()] }

// Every event in every state that can be reached does what docs/design.md draws, and nothing where
// that draws nothing.
func TestLeaseDoesWhatIsDrawn(t *testing.T) {
	steps := drawn(t)
	seen := map[string]bool{"None": true}
	for reached := []lease.Lease{{}}; len(reached) > 0; reached = reached[1:] {
		from := reached[0]
		for e, event := range events {
			l := from
			action := l.On(lease.Event(e))
			this := step{name(from), event}
			want, ok := steps[this]
			if !ok {
				want = outcome{name(from), ""}
			}
			delete(steps, this)
			if got := (outcome{name(l), actions[action]}); got != want {
				t.Errorf("%v leads to %+v, want %+v", this, got, want)
			}
			if !seen[name(l)] {
				seen[name(l)] = true
				reached = append(reached, l)
			}
		}
	}
	for this := range steps {
		t.Errorf("%v is drawn, and not reached", this)
	}
	if len(seen) != 16 {
		t.Errorf("%d states were reached: %v", len(seen), seen)
	}
}
