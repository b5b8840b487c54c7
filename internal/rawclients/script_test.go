package rawclients_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraredis/entraredis/internal/rawclients"
)

// A script that was printed by a failing test is read back as it was.
func TestScriptsAreReadBackAsTheyWere(t *testing.T) {
	text := `life=60ms rights="+@all -hello" separate polls
a HELLO 3 ; CLIENT TRACKING ON | 12 40~
b raw:"*0\r\n" ; SET k "a b" ; ECHO "" ; ECHO "wait" ; ECHO "x"*300
c BLPOP l 0.01 wait
c CLIENT UNBLOCK {b}
`
	s, err := rawclients.ParseScript(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, s.String()); diff != "" {
		t.Error(diff)
	}
	if got := s.Steps[1].Commands[4].Args[1]; got != strings.Repeat("x", 300) {
		t.Errorf("%.20q… of %d bytes", got, len(got))
	}
}

func TestGeneratedScriptsAreReadBackAsTheyWere(t *testing.T) {
	for seed := range uint64(500) {
		s := rawclients.Generate(seed, rawclients.Undocumented())
		again, err := rawclients.ParseScript(s.String())
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if diff := cmp.Diff(s, again); diff != "" {
			t.Fatalf("seed %d: %s\n%s", seed, diff, s)
		}
		if again := rawclients.Generate(seed, rawclients.Undocumented()); again.String() != s.String() {
			t.Fatalf("seed %d gives another script the second time", seed)
		}
	}
}
