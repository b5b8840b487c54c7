package admission_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/admission"
)

const (
	span  = time.Second // in which dials are spread over 100 parts
	parts = 100
	storm = 10 // losses make one

	partSpan = span / parts
	start    = time.Hour // of a storm
)

// stormy returns a Spreading to whose server many connections were just lost. Those dials that need not
// wait have begun before.
func stormy(at time.Duration) *admission.Spreading {
	p := &admission.Spreading{}
	for range storm {
		p.FindPlace(at-partSpan, 0, 0)
	}
	for range storm {
		p.Lose(admission.Loss{LostAt: at, CloseReason: entra.CloseByServer})
	}
	return p
}

func TestPlacesInTheComingSecond(t *testing.T) {
	for _, tc := range []struct {
		name   string
		before int           // dials at the same moment
		at     time.Duration // of these and of the one that is asked about
		within time.Duration
		r      float64
		want   time.Duration
	}{
		{"alone", 0, 7 * time.Hour, span, 0.5, 0},
		{"second, in the part that follows", 1, 3 * ms, span, 0.5, 12 * ms},
		{"hundredth, in the last part", 99, 0, span, 0.5, 995 * ms},
		{"as late as can be", 99, 3 * ms, span, 0.999999, 997 * ms},
		{"hundred and first, in what is left of the current part", 100, 4 * ms, span, 0.5, 3 * ms},
		{"hundred and second, in the part that follows", 101, 4 * ms, span, 0.5, 11 * ms},
		{"without a deadline", 1, 3 * ms, math.MaxInt64, 0.5, 12 * ms},
		{"in a hurry", 500, 4 * ms, 2 * ms, 0.9, 2 * ms},
		{"in no hurry to speak of", 3, 4 * ms, 30 * ms, 0.5, 3 * ms}, // two more parts end by then, and all have two
		{"without leave to wait", 500, 4 * ms, 0, 0.9, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			at := start + tc.at
			p := stormy(at)
			for range tc.before {
				p.FindPlace(at, tc.within, 0.3)
			}
			if _, got := p.FindPlace(at, tc.within, tc.r); (got - tc.want).Abs() > time.Microsecond {
				t.Errorf("waits %v, want %v", got, tc.want)
			}
		})
	}
}

// However many dials come, none waits longer than it may, and they are as even as they can be.
func TestSpreadingIsEven(t *testing.T) {
	for _, n := range []int{1, 10, 100, 101, 1000, 5000} {
		at := start + time.Duration(rand.Int64N(int64(time.Hour)))
		p := stormy(at)
		var begins []time.Duration
		for range n {
			_, wait := p.FindPlace(at, span, rand.Float64())
			if wait < 0 || wait > span {
				t.Fatalf("%d dials: one waits %v", n, wait)
			}
			begins = append(begins, at+wait)
		}
		if got, most := busiest(begins, 100*time.Millisecond), 11*((n+parts-1)/parts); got > most {
			t.Errorf("%d dials: %d in 100 ms, want %d at most", n, got, most)
		}
	}
}

// Where a dial finds no server, those that wait learn of it. The next one does not wait, but those
// after it do.
func TestDialsDoNotWaitForAServerThatIsNotThere(t *testing.T) {
	p := stormy(start)
	for range 2 {
		var waiting []*admission.Place
		for i := range 20 {
			place, wait := p.FindPlace(start, span, 0.5)
			if (wait > 0) != (i > 0) {
				t.Errorf("dial %d waits %v", i+1, wait)
			}
			if i > 0 {
				waiting = append(waiting, place)
			}
		}
		if n := goAhead(waiting); n > 0 {
			t.Fatalf("no dial has failed, and %d go ahead", n)
		}
		p.EndWaits()
		p.EndWaits() // no dial waits
		if n := goAhead(waiting); n != len(waiting) {
			t.Fatalf("%d of %d dials that wait were told", n, len(waiting))
		}
		for _, place := range waiting {
			p.Leave(place, false)
		}
	}
}

// goAhead returns how many dials need not wait any longer.
func goAhead(waiting []*admission.Place) (n int) {
	for _, place := range waiting {
		select {
		case <-place.Sooner():
			n++
		default:
		}
	}
	return n
}

// Ten dials do not wait, and as many again after a pause. In between there is one in each 10 ms.
func TestTenDialsDoNotWait(t *testing.T) {
	p := &admission.Spreading{}
	for range storm {
		p.Lose(admission.Loss{LostAt: 0, CloseReason: entra.CloseByServer})
	}
	atOnce := func(now time.Duration) (n int) {
		for {
			place, wait := p.FindPlace(now, span, 0.5)
			if wait > 0 {
				p.Leave(place, false)
				return n
			}
			n++
		}
	}
	for _, tc := range []struct {
		at   time.Duration
		want int
	}{{5 * ms, 10}, {6 * ms, 0}, {15 * ms, 1}, {25 * ms, 1}, {125 * ms, 9}, {235 * ms, 10}, {275 * ms, 3}, {900 * ms, 10}} {
		if n := atOnce(tc.at); n != tc.want {
			t.Errorf("after %v %d do not wait, want %d", tc.at, n, tc.want)
		}
	}
}

// Each login that a server accepts without a slow handshake ends the wait of the next two dials.
func TestServerThatKeepsUpEndsTheWait(t *testing.T) {
	p := stormy(start)
	var waiting []*admission.Place
	for range 6 {
		if place, wait := p.FindPlace(start, span, 0.5); wait > 0 {
			waiting = append(waiting, place)
		}
	}
	p.Leave(waiting[0], true) // its wait is over
	for i, want := range []int{2, 4, 4} {
		p.KeepsUp()
		if n := goAhead(waiting); n != want {
			t.Errorf("after %d logins %d go ahead, want %d", i+1, n, want)
		}
	}
	if n := goAhead(waiting[:1]); n > 0 {
		t.Error("a dial that has left was told")
	}
}

func TestHandshakesAreQuick(t *testing.T) {
	var h admission.Handshakes
	check := func(want bool) {
		t.Helper()
		if h.AreQuick() != want {
			t.Errorf("quick: %v", !want)
		}
	}
	check(false) // nothing is known
	record := func(took time.Duration, n int) {
		for range n {
			h.Record(took)
		}
	}
	record(80*ms, 1)
	check(true)
	record(90*ms, 20)
	check(true)
	record(91*ms, 1)
	check(false)
	record(90*ms, 9)
	check(false)
	record(90*ms, 1)
	check(true) // the slow one is too long ago
	record(70*ms, 10)
	record(81*ms, 1)
	check(false)
}

// A server that has served no client twice in a row keeps the next dials waiting, until it accepts a
// login or a second has passed.
func TestDialsPauseAtAServerThatServesNoClient(t *testing.T) {
	p := &admission.Spreading{}
	pauses := func(now, want time.Duration) {
		t.Helper()
		if got := p.UnreadyPause(now); got != want {
			t.Errorf("after %v a dial pauses for %v, want %v", now, got, want)
		}
	}
	pauses(0, 0)
	p.Unready(time.Hour)
	pauses(time.Hour, 0)
	p.Unready(time.Hour + time.Second)
	pauses(time.Hour+time.Second, 0)
	p.Unready(time.Hour + 1999*ms)
	pauses(time.Hour+1999*ms, 100*ms)
	pauses(time.Hour+2998*ms, 100*ms)
	pauses(time.Hour+2999*ms, 0)
	p.Unready(2 * time.Hour)
	p.MakeUp(2 * time.Hour)
	p.Unready(2 * time.Hour)
	pauses(2*time.Hour, 0)
	p.Unready(2 * time.Hour)
	pauses(2*time.Hour, 100*ms)
	p.MakeUp(2 * time.Hour)
	pauses(2*time.Hour, 0)
}

// Clients whose dials fail dial again for as long as the server is away. They are spread all the
// time.
func TestSpreadingGoesOn(t *testing.T) {
	p := stormy(start)
	const clients = 1000
	next := make([]time.Duration, clients) // when each dials
	var begins []time.Duration
	for now := start; now < start+30*time.Second; now += time.Millisecond {
		for i := range next {
			if next[i] <= now {
				_, wait := p.FindPlace(now, span, rand.Float64())
				begins = append(begins, now+wait)
				next[i] = now + wait + 100*time.Millisecond
			}
		}
	}
	// No dial waits for more than the places of the others.
	if got, most := busiest(begins, 100*time.Millisecond), 11*clients/parts; got > most {
		t.Errorf("%d in 100 ms, want %d at most", got, most)
	}
}

func TestPlaceIsGivenBack(t *testing.T) {
	p := stormy(start)
	old, _ := p.FindPlace(start, span, 0)
	place, first := p.FindPlace(start, span, 0)
	p.Leave(place, false)
	if _, again := p.FindPlace(start, span, 0); first == 0 || again != first {
		t.Errorf("waited %v, then %v", first, again)
	}
	const later = start + span // when the same place in memory is that of another part
	for range storm {
		p.FindPlace(later-partSpan, span, 0) // none of these waits
	}
	p.FindPlace(later, span, 0)
	p.Leave(old, false)
	if _, wait := p.FindPlace(later, span, 0); wait == 0 {
		t.Error("gave back the place of another dial")
	}
}

// Without a storm no dial waits, however many there are.
func TestDialsWaitInAStormOnly(t *testing.T) {
	var p admission.Spreading
	for range 1000 {
		if _, wait := p.FindPlace(time.Second, span, 0.5); wait != 0 {
			t.Fatalf("waits %v", wait)
		}
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

// What was lost long ago and did not come back hides no storm, and what did come back was one for a
// second.
func TestStormIsSeen(t *testing.T) {
	const many = 1024
	var p admission.Spreading
	for i, step := range []struct {
		at         time.Duration
		lost, back int
		want       bool
	}{
		{at: 0, lost: 2 * many, want: true},
		{at: 10 * time.Minute, want: false},
		{at: 11 * time.Minute, lost: storm - 1, want: false},
		{at: 12 * time.Minute, lost: 1, want: true},
		{at: 12 * time.Minute, back: storm + many, want: false},
		{at: 13 * time.Minute, lost: storm, back: storm, want: true},
		{at: 13*time.Minute + span, want: false},
	} {
		for range step.lost {
			p.Lose(admission.Loss{LostAt: step.at, CloseReason: entra.CloseByServer})
		}
		for range step.back {
			p.MakeUp(step.at)
		}
		if p.Storm(step.at) != step.want {
			t.Errorf("step %d: a storm is seen: %v", i, !step.want)
		}
	}
}

// A pool that loses connections and grows again, for a long time, has no more losses to make up for than it had
// connections at a time.
func TestLossesAreBoundedByConnections(t *testing.T) {
	var p admission.Spreading
	open, most := 0, 0
	now := time.Duration(0)
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		now += time.Duration(random.IntN(10)) * time.Second
		switch {
		case open > 0 && random.IntN(2) == 0:
			open--
			p.Lose(admission.Loss{LostAt: now, CloseReason: entra.CloseByServer})
		case open < 3000:
			p.MakeUp(now)
			open++
			most = max(most, open)
		}
	}
	remaining := 0
	for _, found := p.MakeUp(now); found; _, found = p.MakeUp(now) {
		remaining++
	}
	if open+remaining > most {
		t.Errorf("%d connections are open and %d losses remembered, of %d connections at most", open, remaining, most)
	}
}

// Of those that were lost, the oldest of the last 5 minutes is made up for first. No loss is forgotten.
func TestLoginsMakeUpForLosses(t *testing.T) {
	var p admission.Spreading
	if _, found := p.MakeUp(0); found {
		t.Error("made up for nothing")
	}
	losses := []admission.Loss{
		{LostAt: 0, CloseReason: entra.CloseByServer}, {LostAt: time.Second, CloseReason: entra.CloseAuthTimeout},
		{LostAt: 4 * time.Minute, CloseReason: entra.CloseExpired}, {LostAt: 5 * time.Minute, CloseReason: entra.CloseProtocol},
	}
	for _, l := range losses {
		p.Lose(l)
	}
	for i, want := range []admission.Loss{losses[2], losses[3], losses[0], losses[1]} {
		now := 5*time.Minute + time.Second
		if i > 1 {
			now = 12 * time.Hour
		}
		if got, found := p.MakeUp(now); !found || got != want {
			t.Errorf("made up for %+v, %v; want %+v", got, found, want)
		}
	}
	if got, found := p.MakeUp(12 * time.Hour); found {
		t.Errorf("and then for %+v", got)
	}
}

// A dial that was told that there is no server has no place to give back: it may be that of another dial.
func TestPlaceIsGoneAfterEndWaits(t *testing.T) {
	p := stormy(start)
	p.FindPlace(start, span, 0.5)
	old, _ := p.FindPlace(start, span, 0.5)
	p.EndWaits()
	p.FindPlace(start, span, 0.5)
	_, young := p.FindPlace(start, span, 0.5)
	p.Leave(old, false)
	if _, other := p.FindPlace(start, span, 0.5); other == young {
		t.Errorf("two dials begin after %v", other)
	}
}
