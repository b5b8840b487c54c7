package schedule_test

import (
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra/internal/clock"
	"github.com/entraredis/entraredis/core/entra/internal/schedule"
)

type claims = schedule.Claims

// A field that a case does not name is false in both states, and must stay so.
func TestClaimsTransitions(t *testing.T) {
	now := clock.Instant{Wall: noon, Mono: time.Hour}
	past, tomorrow := now.Add(-time.Second), now.Add(24*time.Hour)
	for _, tt := range []struct {
		name   string
		before claims
		event  func(*claims)
		after  claims
	}{
		{"the cache is to be passed", claims{}, (*claims).Choose, claims{Ask: true}},
		{"claims had their turn", claims{Tried: true}, (*claims).Choose, claims{Tried: true}},
		{"claims are known to be useless", claims{KnownUseless: true}, (*claims).Choose, claims{KnownUseless: true}},
		{"claims are known to be refused", claims{KnownRefused: true}, (*claims).Choose, claims{KnownRefused: true}},
		{"the turn of claims is past", claims{Ask: true, Tried: true}, (*claims).Choose, claims{Tried: true}},

		{"claims bring the current token", claims{Ask: true}, func(c *claims) { c.Useless(now) },
			claims{Ask: true, Tried: true, KnownUseless: true, ForgetFrom: tomorrow}},
		{"claims are refused", claims{Ask: true}, func(c *claims) { c.Refused(now) },
			claims{Ask: true, Tried: true, KnownRefused: true, ForgetFrom: tomorrow}},
		{"claims are refused, and no token is valid", claims{Ask: true}, (*claims).RefusedWithoutToken, claims{KnownRefused: true}},
		{"a plain request is rejected", claims{KnownRefused: true, KnownUseless: true}, (*claims).PlainRejected, claims{KnownUseless: true}},

		{"a plain request brings an unusable token", claims{Tried: true, KnownUseless: true}, func(c *claims) { c.Unusable(false) },
			claims{Ask: true, Tried: true, KnownUseless: true}},
		{"one with claims does", claims{Ask: true}, func(c *claims) { c.Unusable(true) }, claims{}},
		{"a plain one does, and claims are refused", claims{KnownRefused: true}, func(c *claims) { c.Unusable(false) }, claims{KnownRefused: true}},

		{"plain requests reach Entra again", claims{Ask: true}, (*claims).GaveUp, claims{Tried: true}},
		{"the request was before the time", claims{Tried: true, KnownUseless: true}, (*claims).RenewalPostponed, claims{KnownUseless: true}},
		{"a server refuses the token", claims{Tried: true, KnownUseless: true, KnownRefused: true}, (*claims).TokenRefused, claims{KnownRefused: true}},
		{"the token expires", claims{Ask: true, KnownUseless: true}, (*claims).TokenExpired, claims{KnownUseless: true}},

		{"a new token within the day", claims{Ask: true, Tried: true, KnownRefused: true, ForgetFrom: tomorrow},
			func(c *claims) { c.TokenReplaced(now) }, claims{KnownRefused: true, ForgetFrom: tomorrow}},
		{"a new token after the day", claims{Tried: true, KnownRefused: true, KnownUseless: true, ForgetFrom: past},
			func(c *claims) { c.TokenReplaced(now) }, claims{ForgetFrom: past}},
	} {
		got := tt.before
		if tt.event(&got); got != tt.after {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.after)
		}
	}
}
