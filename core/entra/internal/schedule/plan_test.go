package schedule_test

import (
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra/internal/clock"
	"github.com/entraredis/entraredis/core/entra/internal/schedule"
)

var start = clock.Instant{Wall: noon}

// after returns the Instant so long after the start.
func after(d time.Duration) clock.Instant { return start.Add(d) }

// issued returns the validity of a token that is issued so long after the start.
func issued(at time.Duration) schedule.Validity {
	return schedule.Validity{IssuedAt: noon.Add(at), ExpiresOn: noon.Add(at + life), StatedLife: life, StatedEnd: noon.Add(at + life)}
}

// planWithToken returns a plan that got its first token at the start. Its renewal is due at 30 % of
// the token's life.
func planWithToken() *schedule.Plan {
	p := schedule.New(start)
	p.Start(start)
	p.NewToken(issued(0), time.Time{}, false, start, 0)
	return p
}

const firstRenewal = life * 3 / 10

func TestJudgesTokens(t *testing.T) {
	shorter := issued(-time.Minute)
	// Of an opaque token: only the credential names its expiry.
	opaque := func(at time.Duration) schedule.Validity {
		return schedule.Validity{IssuedAt: noon.Add(at), ExpiresOn: noon.Add(at + life)}
	}
	// Of a token that lives longer than its credential says.
	named := func(at time.Duration) schedule.Validity {
		v := opaque(at)
		v.StatedLife, v.StatedEnd = 2*life, noon.Add(2*life)
		return v
	}
	// Of the first token, as a cache names its expiry that computes it from the seconds that remain,
	// while the wall clock is wrong.
	beyondItsEnd := issued(time.Hour)
	beyondItsEnd.StatedEnd = noon.Add(life)
	for _, tt := range []struct {
		name     string
		prepare  func(*schedule.Plan)
		now      clock.Instant
		validity schedule.Validity
		same     bool
		want     schedule.Worth
	}{
		{name: "expires later", now: after(time.Hour), validity: issued(time.Hour), want: schedule.NewerToken},
		{name: "expires at the same time", now: after(time.Hour), validity: issued(0), want: schedule.NoNewerToken},
		{name: "expires sooner", now: after(time.Hour), validity: shorter, want: schedule.NoNewerToken},
		{name: "same secret", now: after(time.Hour), validity: issued(0), same: true, want: schedule.NoNewerToken},
		{name: "same secret with a later expiry", now: after(time.Hour), validity: beyondItsEnd, same: true, want: schedule.NoNewerToken},
		{name: "same opaque secret with a later expiry", now: after(time.Hour), validity: opaque(time.Hour), same: true, want: schedule.NewerToken},
		{name: "same opaque secret, half a minute later", now: after(time.Hour), validity: opaque(30 * time.Second), same: true, want: schedule.NoNewerToken},
		{name: "same secret with a later expiry that it allows", now: after(time.Hour), validity: named(time.Hour), same: true, want: schedule.NewerToken},
		{name: "same secret with an expiry that it does not allow", now: after(time.Hour), validity: named(life + 2*time.Minute), same: true, want: schedule.NoNewerToken},
		{
			name: "same opaque secret with a later expiry after the expiry", now: after(life), validity: opaque(life), same: true,
			prepare: func(p *schedule.Plan) { p.Expire(after(life)) }, want: schedule.NewerToken,
		}, {
			name: "expires sooner, and a server refused the current one", now: after(time.Hour), validity: shorter,
			prepare: func(p *schedule.Plan) { p.TokenRefused(false, after(time.Minute)) }, want: schedule.NewerToken,
		}, {
			name: "same secret, and a server refused it", now: after(time.Hour), validity: issued(0), same: true,
			prepare: func(p *schedule.Plan) { p.TokenRefused(false, after(time.Minute)) }, want: schedule.NoNewerToken,
		}, {
			name: "same opaque secret with the same expiry, and a server refused it", now: after(time.Hour), validity: opaque(0), same: true,
			prepare: func(p *schedule.Plan) { p.TokenRefused(false, after(time.Minute)) }, want: schedule.NoNewerToken,
		}, {
			name: "expires sooner, and no token is valid", now: after(life), validity: shorter,
			prepare: func(p *schedule.Plan) { p.Expire(after(life)) }, want: schedule.NewerToken,
		}, {
			name: "same secret after the expiry", now: after(life), validity: beyondItsEnd, same: true,
			prepare: func(p *schedule.Plan) { p.Expire(after(life)) }, want: schedule.ExpiredToken,
		},
		// The wall clock is set back by an hour 50 minutes after the start. 25 minutes remain of
		// the current token.
		{
			name: "a whole life after the clock was set back", now: clock.Instant{Wall: noon.Add(-10 * time.Minute), Mono: 50 * time.Minute},
			validity: issued(-10 * time.Minute), want: schedule.NewerToken,
		}, {
			name: "little more life after the clock was set back", now: clock.Instant{Wall: noon.Add(-10 * time.Minute), Mono: 50 * time.Minute},
			validity: issued(-time.Hour + 30*time.Second), want: schedule.NoNewerToken,
		}, {
			name: "more life after the clock was set back", now: clock.Instant{Wall: noon.Add(-10 * time.Minute), Mono: 50 * time.Minute},
			validity: issued(-time.Hour + 31*time.Second), want: schedule.NewerToken,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := planWithToken()
			if tt.prepare != nil {
				tt.prepare(p)
			}
			if got := p.Judge(tt.validity, tt.same, tt.now); got != tt.want {
				t.Errorf("worth %v, want %v", got, tt.want)
			}
		})
	}
	if got := schedule.New(start).Judge(issued(0), false, start); got != schedule.NewerToken {
		t.Errorf("the first token: worth %v", got)
	}
}

func TestPlanAfterEachEvent(t *testing.T) {
	refusal := schedule.Failure{WithClaims: true, OfClaims: true, Rejection: true, NeedsOperator: true}
	for _, tt := range []struct {
		name     string
		events   func(*schedule.Plan)
		next     time.Duration // since the start
		urgent   time.Duration // while a caller waits; 0: the same
		claims   bool          // the next request carries claims
		failures int
	}{
		{name: "a token", events: func(*schedule.Plan) {}, next: firstRenewal},
		{name: "the current token again", next: firstRenewal, claims: true, events: func(p *schedule.Plan) {
			p.SameToken(false, after(firstRenewal), 0)
		}},
		{name: "the current token again, also with claims", next: life - 299*time.Second, events: func(p *schedule.Plan) {
			p.SameToken(false, after(firstRenewal), 0)
			p.SameToken(true, after(firstRenewal), 0)
		}},
		{name: "claims refused", next: life - 299*time.Second, events: func(p *schedule.Plan) {
			p.SameToken(false, after(firstRenewal), 0)
			p.ClaimsRefused(after(firstRenewal), 0)
		}},
		{name: "a forced request", next: time.Minute, events: func(p *schedule.Plan) {
			p.TokenRefused(false, after(time.Minute))
		}},
		{name: "a forced request while one runs", next: firstRenewal, events: func(p *schedule.Plan) {
			p.TokenRefused(true, after(time.Minute))
		}},
		{name: "a second forced request", next: time.Minute + 30*time.Second, events: func(p *schedule.Plan) {
			p.TokenRefused(false, after(time.Minute))
			p.Start(after(time.Minute))
			p.NewToken(issued(time.Minute), time.Time{}, false, after(time.Minute), 0)
			p.TokenRefused(false, after(time.Minute+time.Second))
		}},
		{name: "a forced request that brings the current token", next: firstRenewal, events: func(p *schedule.Plan) {
			p.TokenRefused(false, after(time.Minute))
			p.Start(after(time.Minute))
			p.SameToken(false, after(time.Minute), 0)
			p.SameToken(true, after(time.Minute), 0)
		}},
		{name: "a failure", next: firstRenewal + time.Second, failures: 1, events: func(p *schedule.Plan) {
			p.Failed(schedule.Failure{}, after(firstRenewal), 0, 0)
		}},
		{name: "a rejection", next: firstRenewal + 5*time.Second, failures: 1, events: func(p *schedule.Plan) {
			p.Failed(schedule.Failure{Rejection: true, NeedsOperator: true}, after(firstRenewal), 0, 0)
		}},
		{name: "the expiry", next: life, events: func(p *schedule.Plan) { p.Expire(after(life)) }},
		{name: "the expiry after failures", next: life + 3*time.Second, urgent: life + time.Second, failures: 2, events: func(p *schedule.Plan) {
			p.Failed(schedule.Failure{}, after(firstRenewal), 0, 0)
			p.Expire(after(life))
			p.Failed(schedule.Failure{}, after(life), 1, 0)
		}},
		{name: "a failure with claims", claims: true, next: firstRenewal + time.Second, failures: 1, events: func(p *schedule.Plan) {
			p.SameToken(false, after(firstRenewal), 0)
			p.Failed(schedule.Failure{WithClaims: true}, after(firstRenewal), 0, 0)
		}},
		{name: "a failure with claims in the last minutes", next: life - 4*time.Minute + time.Second, failures: 1, events: func(p *schedule.Plan) {
			p.SameToken(false, after(firstRenewal), 0)
			p.Failed(schedule.Failure{WithClaims: true}, after(life-4*time.Minute), 0, 0)
		}},
		{name: "an unusable token", claims: true, next: firstRenewal + 5*time.Second, failures: 1, events: func(p *schedule.Plan) {
			p.Failed(schedule.Failure{BadToken: true, NeedsOperator: true}, after(firstRenewal), 0, 0)
		}},
		{name: "a second one, with claims", next: firstRenewal + 10*time.Second, failures: 2, events: func(p *schedule.Plan) {
			p.Failed(schedule.Failure{BadToken: true, NeedsOperator: true}, after(firstRenewal), 0, 0)
			p.Failed(schedule.Failure{BadToken: true, NeedsOperator: true, WithClaims: true}, after(firstRenewal), 0, 0)
		}},
		{name: "an unusable token after claims were refused", next: life + 10*time.Second, failures: 2, events: func(p *schedule.Plan) {
			p.Expire(after(life))
			p.Failed(refusal, after(life), 0, 0)
			p.Failed(schedule.Failure{BadToken: true, NeedsOperator: true}, after(life), 0, 0)
		}},
		{name: "the same, with a plain rejection between", claims: true, next: life + 20*time.Second, failures: 3, events: func(p *schedule.Plan) {
			p.Expire(after(life))
			p.Failed(refusal, after(life), 0, 0)
			p.Failed(schedule.Failure{Rejection: true, NeedsOperator: true}, after(life), 0, 0)
			p.Failed(schedule.Failure{BadToken: true, NeedsOperator: true}, after(life), 0, 0)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := planWithToken()
			tt.events(p)
			urgent := tt.next
			if tt.urgent > 0 {
				urgent = tt.urgent
			}
			if p.Next() != p.Due(false) || p.Due(false) != after(tt.next) || p.Due(true) != after(urgent) {
				t.Errorf("next %v, with a waiting caller %v, want %v and %v after the start",
					p.Due(false).Mono, p.Due(true).Mono, tt.next, urgent)
			}
			if got := p.Failures(); got != tt.failures {
				t.Errorf("%d failures, want %d", got, tt.failures)
			}
			if got := p.Start(p.Next()); got != tt.claims {
				t.Errorf("claims %v, want %v", got, tt.claims)
			}
		})
	}
}

func TestRenewalIsOverdueFromTheGuardTimeOn(t *testing.T) {
	for remaining, want := range map[time.Duration]bool{4 * time.Minute: false, 3 * time.Minute: true, time.Minute: true} {
		p := planWithToken()
		p.SameToken(false, after(firstRenewal), 0)
		now := after(life - remaining)
		if got := p.SameToken(true, now, 0); got != want || p.Outlook().Overdue(now) != want {
			t.Errorf("%v before the expiry: overdue %v", remaining, got)
		}
	}
}

func TestExpireReportsTheExpiryOnce(t *testing.T) {
	p := planWithToken()
	if p.Expire(after(life-1)) || !p.Valid() || p.UntilExpiry(after(life-1)) != 1 {
		t.Error("expired before the time")
	}
	if !p.Expire(after(life)) || p.Valid() || p.Expire(after(life)) {
		t.Error("not expired, or twice")
	}
	if schedule.New(start).Expire(after(life)) {
		t.Error("expired without a token")
	}
}

func TestRefusedTokenIsReplacedEarlyOnce(t *testing.T) {
	p := planWithToken()
	shorter := issued(0)
	shorter.ExpiresOn = shorter.ExpiresOn.Add(-time.Minute)
	p.TokenRefused(false, after(time.Minute))
	if worth := p.Judge(shorter, false, after(time.Minute)); worth != schedule.NewerToken || !p.IsForced() || !p.Valid() {
		t.Errorf("another token is worth %v, forced %v, valid %v", worth, p.IsForced(), p.Valid())
	}
	p.Start(after(time.Minute))
	p.NewToken(issued(time.Minute), time.Time{}, false, after(time.Minute), 0)
	if worth := p.Judge(shorter, false, after(time.Minute)); worth != schedule.NoNewerToken || p.IsForced() {
		t.Errorf("with a new token another one is worth %v, forced %v", worth, p.IsForced())
	}
}
