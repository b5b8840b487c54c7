package schedule_test

import (
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra/internal/clock"
	"github.com/entraredis/entraredis/core/entra/internal/jwt"
	"github.com/entraredis/entraredis/core/entra/internal/schedule"
)

func TestGuardTime(t *testing.T) {
	for life, want := range map[time.Duration]time.Duration{
		24 * time.Hour:        3 * time.Minute,
		30 * time.Minute:      3 * time.Minute,
		10 * time.Minute:      time.Minute,
		50 * time.Millisecond: 5 * time.Millisecond,
		0:                     0,
	} {
		v := schedule.Validity{IssuedAt: noon, ExpiresOn: noon.Add(life)}
		if got := v.ExpiresOn.Sub(v.RenewBy()); got != want {
			t.Errorf("guard of %v: %v, want %v", life, got, want)
		}
	}
}

func TestValidityOfUnusualTokens(t *testing.T) {
	const centuries = 250 * 365 * 24 * time.Hour
	hour := jwt.Claims{IssuedAt: noon, ExpiresOn: noon.Add(time.Hour)}
	old := jwt.Claims{IssuedAt: noon.Add(-50 * time.Minute), ExpiresOn: noon.Add(10 * time.Minute)}
	year9999 := time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name            string
		claims          jwt.Claims
		named           time.Time
		remaining, life time.Duration
	}{
		{"as Entra's", hour, noon.Add(time.Hour), time.Hour, time.Hour},
		{"out of a cache", old, noon.Add(10 * time.Minute), 10 * time.Minute, time.Hour},
		{"an hour, named 10 minutes", hour, noon.Add(10 * time.Minute), 10 * time.Minute, 10 * time.Minute},
		{"an hour, named two", hour, noon.Add(2 * time.Hour), time.Hour + time.Minute, time.Hour + time.Minute},
		{"opaque", jwt.Claims{}, noon.Add(time.Hour), time.Hour, time.Hour},
		{"opaque, for centuries", jwt.Claims{}, noon.Add(centuries), 100 * 365 * 24 * time.Hour, 100 * 365 * 24 * time.Hour},
		{"opaque, to the last year", jwt.Claims{}, year9999, 100 * 365 * 24 * time.Hour, 100 * 365 * 24 * time.Hour},
		{"opaque, beyond all years", jwt.Claims{}, time.Unix(1<<55, 0), 100 * 365 * 24 * time.Hour, 100 * 365 * 24 * time.Hour},
		{"to the last year", jwt.Claims{IssuedAt: noon, ExpiresOn: year9999}, year9999, 100 * 365 * 24 * time.Hour, 100 * 365 * 24 * time.Hour},
		{"to the last year, named an hour", jwt.Claims{IssuedAt: noon, ExpiresOn: year9999}, noon.Add(time.Hour), time.Hour, time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := schedule.NewValidity(tt.claims, tt.named, noon)
			if got := v.ExpiresOn.Sub(noon); absent(got, tt.remaining) || absent(v.Lifetime(), tt.life) {
				t.Errorf("lives for %v more of %v, want %v of %v", got, v.Lifetime(), tt.remaining, tt.life)
			}
			now := clock.Instant{Wall: noon, Mono: time.Hour}
			p := schedule.New(now)
			p.Start(now)
			p.NewToken(v, time.Time{}, false, now, 0.5)
			if !p.Outlook().Valid(now) || p.Expire(now.Add(tt.remaining-time.Second)) || !p.Expire(now.Add(tt.remaining)) {
				t.Error("not valid to its end")
			}
		})
	}
}
