package entraconn

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

func TestPlacesInTheComingSecond(t *testing.T) {
	const ms = time.Millisecond
	for _, tc := range []struct {
		name   string
		before int           // dials at the same moment
		at     time.Duration // of these and of the one that is asked about
		within time.Duration
		r      float64
		want   time.Duration
	}{
		{"alone", 0, 7 * time.Hour, paceSpan, 0.5, 0},
		{"second, in the part that follows", 1, 3 * ms, paceSpan, 0.5, 12 * ms},
		{"hundredth, in the last part", 99, 0, paceSpan, 0.5, 995 * ms},
		{"as late as can be", 99, 3 * ms, paceSpan, 0.999999, 997 * ms},
		{"hundred and first, in what is left of the current part", 100, 4 * ms, paceSpan, 0.5, 3 * ms},
		{"hundred and second, in the part that follows", 101, 4 * ms, paceSpan, 0.5, 11 * ms},
		{"in a hurry", 500, 4 * ms, 2 * ms, 0.9, 2 * ms},
		{"in no hurry to speak of", 3, 4 * ms, 30 * ms, 0.5, 3 * ms}, // two more parts end by then, and all have two
		{"without leave to wait", 500, 4 * ms, 0, 0.9, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var p pace
			for range tc.before {
				p.take(tc.at, tc.within, 0.3)
			}
			if _, got := p.take(tc.at, tc.within, tc.r); (got - tc.want).Abs() > time.Microsecond {
				t.Errorf("waits %v, want %v", got, tc.want)
			}
		})
	}
}

// However many dials come, none waits longer than it may, and they are as even as they can be.
func TestPaceIsEven(t *testing.T) {
	for _, n := range []int{1, 10, 100, 101, 1000, 5000} {
		var p pace
		at := time.Duration(rand.Int64N(int64(time.Hour)))
		var begins []time.Duration
		for range n {
			_, wait := p.take(at, paceSpan, rand.Float64())
			if wait < 0 || wait > paceSpan {
				t.Fatalf("%d dials: one waits %v", n, wait)
			}
			begins = append(begins, at+wait)
		}
		if got, most := busiest(begins, 100*time.Millisecond), 11*((n+paceParts-1)/paceParts); got > most {
			t.Errorf("%d dials: %d in 100 ms, want %d at most", n, got, most)
		}
	}
}

// Hosts whose dials fail dial again for as long as the server is away. The pace is kept all the time.
func TestPaceGoesOn(t *testing.T) {
	var p pace
	const hosts = 1000
	next := make([]time.Duration, hosts) // when each dials
	var begins []time.Duration
	for now := time.Duration(0); now < 30*time.Second; now += time.Millisecond {
		for i := range next {
			if next[i] <= now {
				_, wait := p.take(now, paceSpan, rand.Float64())
				begins = append(begins, now+wait)
				next[i] = now + wait + 100*time.Millisecond
			}
		}
	}
	// Nobody waits for more than the places of the others.
	if got, most := busiest(begins, 100*time.Millisecond), 11*hosts/paceParts; got > most {
		t.Errorf("%d in 100 ms, want %d at most", got, most)
	}
}

func TestPlaceIsGivenBack(t *testing.T) {
	var p pace
	p.take(0, paceSpan, 0)
	part, first := p.take(0, paceSpan, 0)
	p.giveBack(part)
	if _, again := p.take(0, paceSpan, 0); first == 0 || again != first {
		t.Errorf("waited %v, then %v", first, again)
	}
	p.take(time.Hour, paceSpan, 0)
	p.giveBack(part) // long ago
	if slices.Min(p.dials[:]) < 0 {
		t.Error("gave back what was over")
	}
}

// busiest returns how many moments lie in any span of time.
func busiest(moments []time.Duration, span time.Duration) (most int) {
	slices.Sort(moments)
	first := 0
	for i, m := range moments {
		for m-moments[first] >= span {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// What was lost long ago and did not come back hides no storm, and what did come back was one for a second.
func TestStormIsSeen(t *testing.T) {
	start := time.Now()
	s := &server{dialer: &Dialer{start: start}, conns: make(map[*Conn]struct{}), nudge: make(chan struct{}, 1)}
	lose := func(n int, at time.Time) {
		for range n {
			c := &Conn{server: s}
			c.accepted.Store(&credential{})
			s.remove(c, ending{at: at, reason: entra.CloseByServer})
		}
	}
	for i, step := range []struct {
		at         time.Duration
		lost, back int
		want       bool
	}{
		{at: 0, lost: 2 * maxLosses, want: true},
		{at: 10 * time.Minute, want: false},
		{at: 11 * time.Minute, lost: storm - 1, want: false},
		{at: 12 * time.Minute, lost: 1, want: true},
		{at: 12 * time.Minute, back: storm + maxLosses, want: false},
		{at: 13 * time.Minute, lost: storm, back: storm, want: true},
		{at: 13*time.Minute + paceSpan, want: false},
	} {
		now := start.Add(step.at)
		lose(step.lost, now)
		for range step.back {
			s.found(now)
		}
		if s.stormy(now) != step.want {
			t.Errorf("step %d: a storm is seen: %v", i, !step.want)
		}
	}
}
