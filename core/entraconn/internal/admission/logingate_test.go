package admission_test

import (
	"errors"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/admission"
)

const ms = time.Millisecond

// A story is a login gate in time. Its random number is 0, so that pauses are as long as they can
// be.
type story struct {
	t    *testing.T
	g    admission.LoginGate
	now  time.Time
	wait []<-chan struct{} // of the logins that wait
}

var (
	unproven = admission.Candidate{Number: 1}
	proven   = admission.Candidate{Number: 1, Proven: true}
	newer    = admission.Candidate{Number: 2}
	refusal  = &entra.AuthError{Err: errors.New("WRONGPASS no")}
)

func newStory(t *testing.T) *story {
	return &story{t: t, now: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)}
}

func (s *story) elapse(d time.Duration) { s.now = s.now.Add(d) }

// ask asks for a dial.
func (s *story) ask(c admission.Candidate) admission.Decision {
	return s.heard(s.g.AdmitDial(c, s.now, 0, true))
}

// askLogin asks for the login of a connection that was dialed with a permit.
func (s *story) askLogin(p *admission.Permit, c admission.Candidate) admission.Decision {
	return s.heard(s.g.AdmitLogin(p, c, s.now, 0, true))
}

func (s *story) heard(d admission.Decision) admission.Decision {
	if d.Changed != nil {
		s.wait = append(s.wait, d.Changed)
	}
	return d
}

// free fails the test unless a login goes ahead without a permit.
func (s *story) free(c admission.Candidate) {
	s.t.Helper()
	if d := s.ask(c); d.Permit != nil || d.Changed != nil || d.Refusal != nil {
		s.t.Fatalf("got %+v, want no permit and no wait", d)
	}
}

// permit fails the test unless a login goes ahead with a permit.
func (s *story) permit(c admission.Candidate) *admission.Permit {
	s.t.Helper()
	d := s.ask(c)
	if d.Permit == nil {
		s.t.Fatalf("got %+v, want a permit", d)
	}
	return d.Permit
}

// dialed has a connection be dialed with a permit.
func (s *story) dialed() *admission.Permit {
	s.t.Helper()
	p := s.permit(unproven)
	s.g.Dialed(p, s.now)
	return p
}

// waits fails the test unless a dial waits, for d.
func (s *story) waits(c admission.Candidate, d time.Duration) {
	s.t.Helper()
	if got := s.ask(c); got.Changed == nil || got.Wait != d {
		s.t.Fatalf("got %+v, want a wait of %v", got, d)
	}
}

// hurried fails the test unless a login that cannot wait is refused, or goes ahead with a permit.
func (s *story) hurried(c admission.Candidate, refused bool) {
	s.t.Helper()
	d := s.g.AdmitDial(c, s.now, 0, false)
	if d.Changed != nil || (d.Refusal != nil) != refused || (d.Permit != nil) == refused {
		s.t.Fatalf("got %+v, refused should be %t", d, refused)
	}
}

// woken fails the test unless the logins that wait were told to ask again.
func (s *story) woken() {
	s.t.Helper()
	for _, changed := range s.wait {
		select {
		case <-changed:
		default:
			s.t.Fatal("a login that waits was not told")
		}
	}
	s.wait = nil
}

func (s *story) refuse(c admission.Candidate, closes bool) {
	s.t.Helper()
	if got := s.g.Refuse(c, refusal, s.now, 0); got != closes {
		s.t.Fatalf("the gate is closed: %t, want %t", got, closes)
	}
}

func TestGateAdmitsAllOnceALoginIsAccepted(t *testing.T) {
	s := newStory(t)
	s.free(proven)
	s.permit(unproven)
	s.waits(unproven, 100*ms)
	s.g.Accept(unproven.Number)
	s.woken()
	s.free(proven)
}

func TestGateAdmitsTwiceAsManyWithoutAnAnswer(t *testing.T) {
	s := newStory(t)
	for step, under := 0, 0; step < 10; step++ {
		for ; under < 1<<step; under++ {
			s.permit(unproven)
		}
		s.waits(unproven, 100*ms)
		s.elapse(40 * ms)
		s.waits(unproven, 60*ms)
		s.hurried(unproven, false)
		under++
		s.elapse(60 * ms)
	}
}

func TestGateWaitsForNoLoginThatFailed(t *testing.T) {
	s := newStory(t)
	p := s.permit(unproven)
	s.waits(unproven, 100*ms)
	s.g.Release(p, s.now)
	s.woken()
	s.permit(unproven) // one login without a verdict admits two
	s.permit(unproven)
	s.waits(unproven, 100*ms)
	s.g.Release(p, s.now) // a second time: nothing happens
	s.g.Release(nil, s.now)
	s.waits(unproven, 100*ms)
}

// A connection that its client leaves silent admits one dial more than there were.
func TestEachSilentConnectionAdmitsTwoDials(t *testing.T) {
	s := newStory(t)
	p := s.permit(unproven)
	s.waits(unproven, 100*ms)
	s.elapse(3 * ms) // the dial
	s.g.Dialed(p, s.now)
	s.woken()
	s.waits(unproven, 10*ms)
	dials := 1
	for generation := 2; generation <= 32; generation *= 2 {
		s.elapse(10 * ms)
		for range generation {
			s.dialed()
		}
		dials += generation
		s.waits(unproven, 10*ms)
	}
	if dials != 63 {
		t.Errorf("%d dials in 53 ms", dials)
	}
}

// A client that gets no processor writes late. It logs in at once, whatever was dialed meanwhile, and
// no more dials go ahead for its silence.
func TestLateWriteTakesBackWhatItsSilenceAdmitted(t *testing.T) {
	s := newStory(t)
	late := s.dialed()
	s.elapse(10 * ms)
	s.permit(unproven)
	s.permit(unproven)
	s.waits(unproven, 90*ms)
	if d := s.askLogin(late, unproven); d.Permit == nil || d.Permit == late {
		t.Fatalf("got %+v, want a permit", d)
	}
	s.waits(unproven, 90*ms)
	s.elapse(5 * ms)
	if d := s.askLogin(nil, unproven); d.Changed == nil || d.Wait != 85*ms {
		t.Errorf("got %+v, want a wait for the answer to the other login", d)
	}
	s.refuse(unproven, true)
	s.woken()
}

// One client that writes late, again and again, does not take back what others admitted.
func TestLateWriteIsTakenBackOnce(t *testing.T) {
	s := newStory(t)
	late := s.dialed()
	s.elapse(10 * ms)
	s.dialed()
	s.dialed()
	s.elapse(10 * ms)
	for range 5 {
		s.askLogin(late, unproven)
	}
	s.permit(unproven) // two are silent, and one login is under way
	s.permit(unproven)
	s.waits(unproven, 80*ms)
}

func TestPermitLastsOnceTheClientHasWritten(t *testing.T) {
	s := newStory(t)
	p := s.dialed()
	s.elapse(9 * ms)
	if d := s.askLogin(p, unproven); d.Permit != p {
		t.Error("the permit of the dial is not good for the login")
	}
	s.elapse(50 * ms)
	s.waits(unproven, 41*ms)
}

// A burst of logins begins with one, however many went ahead in the one before.
func TestTrialBeginsAnew(t *testing.T) {
	s := newStory(t)
	for range 20 {
		s.dialed()
		s.elapse(10 * ms)
	}
	s.permit(unproven)
	s.elapse(time.Hour)
	s.permit(unproven)
	s.permit(unproven) // the one before has no answer yet
	s.g = admission.LoginGate{}
	p := s.permit(unproven)
	s.g.Release(p, s.now)
	s.elapse(time.Second)
	s.permit(unproven)
	s.waits(unproven, 100*ms)
}

func TestRefusalOfAnUnknownCredentialClosesTheGate(t *testing.T) {
	s := newStory(t)
	s.permit(unproven)
	s.waits(unproven, 100*ms)
	s.refuse(unproven, true)
	s.woken()
	pause := 500 * ms
	remaining := pause
	for range 20 {
		s.waits(unproven, remaining)
		s.waits(newer, remaining) // the server has refused the one before it
		s.hurried(unproven, true)
		s.elapse(remaining)
		p := s.permit(newer)
		pause = min(2*pause, 4850*ms)
		s.elapse(20 * ms)
		s.refuse(unproven, true) // a probe, or a login that was under way
		s.waits(unproven, pause-20*ms)
		s.g.Dialed(p, s.now)
		s.elapse(100 * ms)
		if d := s.askLogin(p, newer); d.Permit != p {
			t.Error("a probe that was silent for a moment is none any more")
		}
		remaining = pause - 120*ms
	}
	s.waits(unproven, remaining)
	s.g.Accept(unproven.Number)
	s.woken()
	s.free(proven)
	s.refuse(newer, true)
	s.free(proven) // another credential that the server has accepted
	s.waits(newer, 500*ms)
}

// With the shortest pauses there are 20 logins in the first minute at most, and 15 in each later one.
func TestProbesAreBounded(t *testing.T) {
	for _, r := range []float64{0, 0.5, 0.999} {
		s := newStory(t)
		s.permit(unproven)
		s.refuse(unproven, true)
		minutes := make([]int, 60)
		minutes[0] = 1
		for began := s.now; ; {
			d := s.g.AdmitDial(unproven, s.now, r, true)
			if d.Changed != nil {
				s.elapse(d.Wait)
				if d.Wait > 4850*ms {
					t.Fatalf("a pause of %v", d.Wait)
				}
				continue
			}
			minute := int(s.now.Sub(began) / time.Minute)
			if minute >= len(minutes) {
				break
			}
			if minutes[minute]++; minutes[minute] > 100 {
				t.Fatalf("a hundred probes in minute %d", minute)
			}
			s.g.Refuse(unproven, refusal, s.now, r)
		}
		for i, n := range minutes {
			if most := 15; n > most && i > 0 || n > 20 || n < 10 {
				t.Errorf("%d probes in minute %d", n, i)
			}
		}
	}
}

func TestAcceptedCredentialIsLimitedByRefusals(t *testing.T) {
	s := newStory(t)
	s.free(proven)
	s.refuse(proven, false)
	s.permit(proven)
	s.waits(proven, 10*ms)
	s.hurried(proven, true)
	s.refuse(proven, false)
	s.woken()
	s.waits(proven, 20*ms)
	for range 6 {
		s.refuse(proven, false)
	}
	s.waits(proven, time.Second)
	s.elapse(time.Second)
	s.permit(proven)
	s.waits(proven, time.Second)
	s.g.Accept(proven.Number)
	s.woken()
	s.waits(proven, 10*ms)
	s.g.Accept(proven.Number)
	s.woken()
	s.free(proven)
}

func TestOneRefusalOfManyIsNoLimitForLong(t *testing.T) {
	s := newStory(t)
	s.refuse(proven, false)
	s.g.Accept(proven.Number)
	s.free(proven)
}

func TestEightRefusalsInARowCloseTheGate(t *testing.T) {
	s := newStory(t)
	for range 100 { // of logins that were under way together
		s.refuse(proven, false)
	}
	s.elapse(999 * ms)
	s.refuse(proven, false)
	s.g.Accept(proven.Number)
	s.elapse(time.Hour)
	for range 7 {
		s.refuse(proven, false)
		s.elapse(time.Second)
	}
	s.refuse(proven, true)
	s.waits(proven, 500*ms)
	s.waits(unproven, 500*ms)
	s.elapse(500 * ms)
	s.permit(unproven)
	s.g.Accept(proven.Number)
	s.free(proven)
}

func TestWaitBudget(t *testing.T) {
	for _, test := range []struct{ remaining, slowest, want time.Duration }{
		{1 << 62, 0, time.Second},
		{1 << 62, time.Minute, time.Second},
		{5 * time.Second, 0, time.Second},
		{2 * time.Second, 0, 500 * ms},
		{time.Second, 600 * ms, 50 * ms},
		{5 * time.Second, 600 * ms, time.Second},
		{20 * ms, 12 * ms, ms},
		{20 * ms, 30 * ms, 0},
		{-ms, 0, 0},
	} {
		if got := admission.WaitBudget(test.remaining, test.slowest); got != test.want {
			t.Errorf("%v remain, handshakes of %v: %v, want %v", test.remaining, test.slowest, got, test.want)
		}
	}
}

func TestSilenceGivesTheBudgetBack(t *testing.T) {
	for _, test := range []struct{ remaining, unused, want time.Duration }{
		{0, 0, 0}, {0, 300 * ms, 300 * ms}, {200 * ms, 300 * ms, 500 * ms}, {900 * ms, time.Hour, time.Second},
	} {
		if got := admission.Regrow(test.remaining, test.unused); got != test.want {
			t.Errorf("%v remain, unused for %v: %v, want %v", test.remaining, test.unused, got, test.want)
		}
	}
}

func TestHandshakesForgetTheEleventh(t *testing.T) {
	var h admission.Handshakes
	if h.Slowest() != 100*ms {
		t.Errorf("before the first, the slowest took %v", h.Slowest())
	}
	h.Record(time.Second)
	for i := range 9 {
		h.Record(time.Duration(i) * ms)
	}
	if got := h.Slowest(); got != time.Second {
		t.Errorf("the slowest of ten took %v", got)
	}
	if h.Record(20 * ms); h.Slowest() != 20*ms {
		t.Errorf("the slowest of the last ten took %v", h.Slowest())
	}
}

// A probe that is due is not made if another client has just been refused: it waits a little longer than
// that client does. Its own refusal does not count twice, and an old one of another client delays nothing.
func TestRefusalOfAnotherClientStandsForAProbe(t *testing.T) {
	s := newStory(t)
	s.ask(unproven)
	s.g.Refuse(unproven, refusal, s.now, 0)
	s.elapse(500 * ms)
	if !s.g.ProbeIsDue(unproven, s.now) {
		t.Fatal("no probe is due after its pause")
	}
	for _, tc := range []struct {
		name      string
		refusedAt time.Time
		isDue     bool
	}{
		{"its own refusal", s.now.Add(-495 * ms), true},
		{"one of another client", s.now.Add(-100 * ms), false},
	} {
		s.g.HearRefusal(tc.refusedAt, s.now, 0)
		if due := s.g.ProbeIsDue(unproven, s.now); due != tc.isDue {
			t.Errorf("%s: a probe is due: %v", tc.name, due)
		}
	}
	s.elapse(919 * ms) // 1.019 s after the refusal
	if s.g.ProbeIsDue(unproven, s.now) {
		t.Error("a probe is due before the other client's")
	}
	s.elapse(1 * ms)
	if !s.g.ProbeIsDue(unproven, s.now) {
		t.Error("no probe is due although the other client makes none")
	}
	s.elapse(time.Minute)
	s.g.HearRefusal(s.now.Add(-30*time.Second), s.now, 0)
	if !s.g.ProbeIsDue(unproven, s.now) {
		t.Error("an old refusal delays a probe")
	}
	s.g.HearRefusal(s.now.Add(time.Hour), s.now, 0) // the wall clock was set back
	if d := s.ask(unproven); d.Wait > 5*time.Second {
		t.Errorf("waits %v", d.Wait)
	}
}
