package journeys_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/internal/journeys"
)

const source = `package p

func plain() int { return 1 }

func (t *T) branches(a bool) {
	// A comment comes first.
	if a {
		plain()
	}
}

func empty() {}

func (t T[E]) around() {
	_ = func() {
		plain()
	}
}
`

// One line for each block, with what was counted before and after.
const blocks = `
p.go:3.18,3.30 1 %[1]d
p.go:5.30,7.7 1 %[2]d
p.go:7.7,9.3 1 %[3]d
p.go:14.24,15.13 1 %[4]d
p.go:15.13,17.3 1 %[5]d
`

func profileOf(counts ...any) *strings.Reader {
	return strings.NewReader("mode: count" + fmt.Sprintf(blocks, counts...))
}

func TestEntriesAreThoseOfTheJourney(t *testing.T) {
	read := func(name string) ([]byte, error) {
		if name != "p.go" {
			return nil, fmt.Errorf("asked for %s", name)
		}
		return []byte(source), nil
	}
	got, err := journeys.Entries(profileOf(5, 1, 1, 2, 0), profileOf(6, 4, 9, 3, 7), read)
	if err != nil {
		t.Fatal(err)
	}
	// plain stands on one line, and the branch in branches is no entry.
	want := []journeys.Function{
		{File: "p.go", Name: "T.around, literal in line 15", Entries: 7},
		{File: "p.go", Name: "T.branches", Entries: 3},
		{File: "p.go", Name: "T.around", Entries: 1},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
	if n := journeys.Sum(got); n != 11 {
		t.Errorf("%d calls, want 11", n)
	}
}

func TestEntriesOfNoProfile(t *testing.T) {
	for _, text := range []string{"mode: count\np.go", "mode: count\np.go:1.2 1 3", "mode: count\np.go:1.2,3.4 1 x", "mode: count\np.go:a.b,3.4 1 1"} {
		if got, err := journeys.Entries(strings.NewReader(""), strings.NewReader(text), nil); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}
