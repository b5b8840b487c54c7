package session_test

import (
	"testing"

	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// An operator reads the reason of a connection that was not renewed. The reasons end where String
// panics.
func TestReasonsSaySomethingElseEach(t *testing.T) {
	said := map[string]session.Reason{}
	for r := session.BecauseUnknown; ; r++ {
		words, ok := wordsOf(r)
		if !ok {
			break
		}
		if other, twice := said[words]; words == "" || twice {
			t.Errorf("reason %d says %q, as reason %d does", r, words, other)
		}
		said[words] = r
	}
	if said["blocking command"] != session.BecauseBlocked {
		t.Errorf("not all reasons were tested: %v", said)
	}
}

func wordsOf(r session.Reason) (words string, ok bool) {
	defer func() { ok = recover() == nil }()
	return r.String(), true
}
