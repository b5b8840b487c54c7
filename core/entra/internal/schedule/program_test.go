package schedule_test

import (
	"math/rand/v2"
	"time"

	"github.com/entraredis/entraredis/core/entra/internal/clock"
	"github.com/entraredis/entraredis/core/entra/internal/jwt"
	"github.com/entraredis/entraredis/core/entra/internal/schedule"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

// A machine has two clocks that may part. Its monotonic clock stands still while it is suspended,
// and its wall clock may be set.
type machine struct {
	awake     time.Duration // since the start: what the monotonic clock shows
	suspended time.Duration
	setBy     time.Duration // by how much the wall clock is set forward
}

// world returns the time that Entra and Redis agree on.
func (m *machine) world() time.Time { return noon.Add(m.awake + m.suspended) }

// wall returns what the wall clock shows.
func (m *machine) wall() time.Time { return m.world().Add(m.setBy) }

func (m *machine) now() clock.Instant { return clock.Instant{Wall: m.wall(), Mono: m.awake} }

// A leap is a moment at which the two clocks part.
type leap struct {
	at    time.Duration // on the monotonic clock
	sleep time.Duration // how long the machine is suspended
	setBy time.Duration // by how much the wall clock is set
}

// A token is one that a credential returned.
type token struct {
	id        int       // that of its secret
	expiresOn time.Time // as the credential names it
	refreshOn time.Time
	expires   time.Time // in the world
	claims    jwt.Claims
}

// An answer is how a request ends.
type answer struct {
	token   token
	failure *schedule.Failure // nil if there is a token
}

// A request is one that a program made.
type request struct {
	at         time.Duration
	withClaims bool
}

// A program owns a Plan as a Source does, but it has no goroutine: its time passes in sleep. Like a
// timer it does not see that a clock leaps until it wakes.
type program struct {
	machine
	plan   *schedule.Plan
	rnd    *rand.Rand
	ask    func(withClaims bool) answer // the credential, called at the end of a request
	delay  func() time.Duration         // how long the next request takes, nil for no time
	leaps  []leap                       // in order
	waits  bool                         // a caller waits for a token
	token  token
	asked  []request
	wakeAt time.Duration
	runs   bool          // a request
	doneAt time.Duration // when it ends
}

func newProgram(seed uint64) *program {
	p := &program{rnd: rand.New(rand.NewPCG(seed, 1))}
	p.plan = schedule.New(p.now())
	return p
}

// sleep lets time pass on the monotonic clock.
func (p *program) sleep(d time.Duration) {
	end := p.awake + d
	for {
		for p.awake >= p.wakeAt {
			p.wakeAt = p.awake + p.turn()
		}
		if p.awake >= end {
			return
		}
		to := min(end, p.wakeAt)
		if len(p.leaps) > 0 && p.leaps[0].at <= to {
			p.awake = max(p.awake, p.leaps[0].at)
			p.suspended += p.leaps[0].sleep
			p.setBy += p.leaps[0].setBy
			p.leaps = p.leaps[1:]
			continue
		}
		p.awake = to
	}
}

// wake ends the program's nap.
func (p *program) wake() {
	p.wakeAt = p.awake
	p.sleep(0)
}

// reject reports that a server refused the current token.
func (p *program) reject() {
	p.plan.TokenRefused(p.runs, p.now())
	p.wake()
}

// turn does what there is to do now, and returns how long the program naps then.
func (p *program) turn() time.Duration {
	now := p.now()
	p.plan.Expire(now)
	if p.runs && p.awake >= p.doneAt {
		p.runs = false
		withClaims := p.asked[len(p.asked)-1].withClaims
		p.finish(withClaims, p.ask(withClaims))
	}
	if !p.runs && now.Reached(p.plan.Due(p.waits)) {
		p.asked = append(p.asked, request{p.awake, p.plan.Start(now)})
		p.runs, p.doneAt = true, p.awake
		if p.delay != nil {
			p.doneAt += p.delay()
		}
	}
	if p.runs {
		return min(p.plan.Alarm().Nap(now), p.doneAt-p.awake)
	}
	return p.plan.Alarm(p.plan.Due(p.waits)).Nap(now)
}

func (p *program) finish(withClaims bool, a answer) {
	now := p.now()
	worth := schedule.NoNewerToken
	if a.failure == nil && !now.Wall.Before(a.token.expiresOn) {
		a.failure = &schedule.Failure{BadToken: true}
	}
	validity := schedule.NewValidity(a.token.claims, a.token.expiresOn, now.Wall)
	if a.failure == nil {
		worth = p.plan.Judge(validity, a.token.id == p.token.id, now)
	}
	if worth == schedule.ExpiredToken {
		a.failure = &schedule.Failure{BadToken: true}
	}
	switch {
	case worth == schedule.NewerToken:
		regular := p.plan.Valid() && !p.plan.IsForced()
		p.plan.NewToken(validity, a.token.refreshOn, regular, now, p.rnd.Float64())
		p.token = a.token
	case a.failure == nil:
		p.plan.SameToken(withClaims, now, p.rnd.Float64())
	case withClaims && a.failure.OfClaims && p.plan.Valid():
		p.plan.ClaimsRefused(now, p.rnd.Float64())
	default:
		a.failure.WithClaims = withClaims
		a.failure.OfClaims = a.failure.OfClaims && withClaims
		p.plan.Failed(*a.failure, now, p.rnd.Float64(), p.rnd.Float64())
	}
}

// mint returns a new token as azidentity does on this machine: Entra says for how long the token
// lives, and azidentity computes the expiry from that by the wall clock.
func (p *program) mint(life time.Duration) token {
	return token{
		id:        len(p.asked),
		expiresOn: p.wall().Add(life),
		expires:   p.world().Add(life),
		claims:    jwt.Claims{IssuedAt: p.world(), ExpiresOn: p.world().Add(life)},
	}
}
