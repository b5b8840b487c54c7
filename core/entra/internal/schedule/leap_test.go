package schedule_test

import (
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra/internal/clock"
	"github.com/entraredis/entraredis/core/entra/internal/schedule"
)

const (
	life = 75 * time.Minute

	// recheck is how long a Source may take to notice that a clock has leapt.
	recheck = 30 * time.Second
)

// minting returns a program whose credential returns a new token for each request, and has done so
// once.
func minting() *program {
	p := newProgram(1)
	p.ask = func(bool) answer { return answer{token: p.mint(life)} }
	p.sleep(0)
	return p
}

func TestSuspensionPastTheExpiry(t *testing.T) {
	p := minting()
	first := p.token
	p.sleep(10 * time.Minute)
	p.suspended += 8 * time.Hour
	if outlook := p.plan.Outlook(); outlook.Valid(p.now()) || !outlook.Overdue(p.now()) {
		t.Error("valid or not overdue right after the suspension")
	}
	p.sleep(recheck + time.Second)
	if p.token.id == first.id || !p.plan.Valid() || p.world().After(p.token.expires) {
		t.Errorf("token %+v half a minute after the suspension, at %v", p.token, p.world())
	}
}

func TestRejectAfterSuspensionBringsANewTokenAtOnce(t *testing.T) {
	p := minting()
	first := p.token
	p.sleep(10*time.Minute + time.Second)
	p.suspended += 8 * time.Hour
	p.reject() // as the first login does
	if p.token.id == first.id {
		t.Error("still the token from before the suspension")
	}
}

func TestSuspensionPastTheRenewal(t *testing.T) {
	p := minting()
	first := p.token
	p.sleep(10 * time.Minute)
	p.suspended += 60 * time.Minute
	p.sleep(recheck + time.Second)
	if p.token.id == first.id {
		t.Errorf("not renewed %v before the expiry", first.expires.Sub(p.world()))
	}
}

// No token is valid here that Redis takes for expired, and a valid token is never missing.
func TestWallClockIsSet(t *testing.T) {
	for name, by := range map[string]time.Duration{
		"back by an hour": -time.Hour, "back by a day": -24 * time.Hour, "back by a minute": -time.Minute,
		"forward by a minute": time.Minute, "forward by an hour": time.Hour, "forward by a day": 24 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			p := minting()
			for hour := range 48 {
				if hour == 10 {
					p.setBy += by
					p.sleep(recheck + 2*time.Second)
				}
				if hour == 20 {
					p.setBy -= by
					p.sleep(recheck + 2*time.Second)
				}
				for range 60 {
					p.sleep(time.Minute)
					if !p.plan.Valid() {
						t.Fatalf("no token in hour %d", hour)
					}
					if remaining := p.token.expires.Sub(p.world()); remaining <= 3*time.Minute {
						t.Fatalf("hour %d: %v to the expiry of the newest token", hour, remaining)
					}
				}
			}
			if n := len(p.asked); n > 70 {
				t.Errorf("%d requests in 48 hours", n)
			}
		})
	}
}

// A cache that goes by a wall clock that was set back returns a token after its expiry. That is no
// new token.
func TestExpiredTokenOfACacheWhoseClockWasSetBack(t *testing.T) {
	p := newProgram(1)
	entraIsDown := true
	p.ask = func(withClaims bool) answer {
		switch {
		case !withClaims && p.token.expiresOn.Sub(p.wall()) > 5*time.Minute:
			return answer{token: p.token}
		case len(p.asked) > 1 && entraIsDown:
			return answer{failure: &schedule.Failure{}}
		}
		return answer{token: p.mint(life)}
	}
	p.sleep(0)
	first := p.token
	p.setBy -= 3 * time.Hour
	p.sleep(life + time.Minute)
	if p.plan.Valid() {
		t.Errorf("a token is valid that expired %v ago", p.world().Sub(first.expires))
	}
	entraIsDown = false
	p.waits = true
	p.wake()
	p.sleep(4 * time.Second)
	if p.token.id == first.id || !p.plan.Valid() {
		t.Error("no new token 4 seconds after the outage")
	}
}

func TestNapEndsAtTheFirstMomentButIsNeverLong(t *testing.T) {
	now := clock.Instant{Wall: noon}
	in := func(d time.Duration) clock.Instant { return now.Add(d) }
	parted := func(wall, mono time.Duration) clock.Instant { return clock.Instant{Wall: noon.Add(wall), Mono: mono} }
	for _, tt := range []struct {
		name    string
		life    time.Duration // 0: no token
		moments []clock.Instant
		want    time.Duration
	}{
		{"nothing to come", life, nil, 30 * time.Second},
		{"an hour to go", life, []clock.Instant{in(time.Hour)}, 30 * time.Second},
		{"no token yet", 0, []clock.Instant{in(time.Hour)}, 30 * time.Second},
		{"an hour to go for a token of 3 seconds", 3 * time.Second, []clock.Instant{in(time.Hour)}, 50 * time.Millisecond},
		{"the first of several", life, []clock.Instant{in(9 * time.Second), in(7 * time.Second), in(8 * time.Second)}, 7 * time.Second},
		{"by the wall clock", life, []clock.Instant{parted(time.Second, time.Hour)}, time.Second},
		{"by the monotonic clock", life, []clock.Instant{parted(time.Hour, time.Second)}, time.Second},
		{"overdue", life, []clock.Instant{in(-time.Second)}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan := schedule.New(now)
			if tt.life > 0 {
				plan.NewToken(schedule.Validity{IssuedAt: noon, ExpiresOn: noon.Add(tt.life)}, time.Time{}, false, now, 0)
			}
			if got := plan.Alarm(tt.moments...).Nap(now); absent(got, tt.want) {
				t.Errorf("naps %v, want %v", got, tt.want)
			}
		})
	}
	plan := schedule.New(now)
	plan.NewToken(schedule.Validity{IssuedAt: noon, ExpiresOn: noon.Add(life)}, time.Time{}, false, now, 0)
	if got := plan.Alarm(in(life)).Nap(in(life - time.Second)); got != time.Second {
		t.Errorf("naps %v one second before the expiry", got)
	}
}
