package entra_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// A swarm is many programs that were started in the same second, as a deployment does.
type swarm struct {
	start  time.Time
	size   int
	down   func(since time.Duration) bool
	window time.Duration
	counts []atomic.Int32 // requests that reached Entra, in each window
}

var programs = flag.Int("programs", 100, "how many programs start together and must ask apart; neither their jitter nor their scheduling has a seed")

// windowFor returns how long to count requests, so that as many are to be expected whatever the
// number of programs: a minute for a thousand. In less the busiest window would be chance.
func windowFor(programs int) time.Duration {
	return max(time.Minute, 1000*time.Minute/time.Duration(programs)).Round(time.Minute)
}

// live lets them live for so long.
func (s *swarm) live(t *testing.T, long time.Duration, life func() time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		s.start, s.counts = time.Now(), make([]atomic.Int32, long/s.window+1)
		cred := &credentialFunc{func(c call) (azcore.AccessToken, error) {
			since := c.at.Sub(s.start)
			s.counts[since/s.window].Add(1)
			if s.down != nil && s.down(since) {
				return azcore.AccessToken{}, errDown
			}
			return mint(c, life()), nil
		}}
		for range s.size {
			newSource(t, cred, nil)
		}
		time.Sleep(long)
	})
}

// A credentialFunc answers calls without keeping them: there are too many.
type credentialFunc struct {
	answer func(call) (azcore.AccessToken, error)
}

func (c *credentialFunc) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return c.answer(call{n: rand.Int(), at: time.Now()})
}

// spread returns the count of the busiest window and the mean of those from the given one on.
func (s *swarm) spread(from time.Duration) (peak int32, mean float64) {
	windows := s.counts[(from+s.window-1)/s.window : len(s.counts)-1]
	for i := range windows {
		peak = max(peak, windows[i].Load())
		mean += float64(windows[i].Load()) / float64(len(windows))
	}
	return peak, mean
}

// histogram draws the requests in each ten minutes, but those of the first second.
func (s *swarm) histogram() string {
	var b strings.Builder
	per := max(1, int(10*time.Minute/s.window))
	for i := 0; i+per <= len(s.counts); i += per {
		var sum int32
		for w := range s.counts[i : i+per] {
			sum += s.counts[i+w].Load()
		}
		if i == 0 {
			sum -= int32(s.size)
		}
		hour, minute := time.Duration(i)*s.window/time.Hour, time.Duration(i)*s.window%time.Hour/time.Minute
		fmt.Fprintf(&b, "%2d:%02d %4d %s\n", hour, minute, sum, strings.Repeat("#", (int(sum)*125+s.size/2)/s.size))
	}
	return b.String()
}

// Programs that start together must not ask together for ever. The worst moments are the first
// renewals, and those after an outage.
func TestProgramsStartedTogetherAskApart(t *testing.T) {
	fixed := func() time.Duration { return life }
	asEntra := func() time.Duration { return time.Duration(60+30*rand.Float64()) * time.Minute }
	outage := func(since time.Duration) bool { return since > 2*time.Hour && since < 4*time.Hour }
	for _, tt := range []struct {
		name string
		long time.Duration
		life func() time.Duration
		down func(time.Duration) bool
		from time.Duration // what comes before has no choice
	}{
		{"tokens of 75 minutes", 24 * time.Hour, fixed, nil, time.Minute},
		{"tokens of 60 to 90 minutes", 6 * time.Hour, asEntra, nil, time.Minute},
		{"after an outage of 2 hours", 8 * time.Hour, fixed, outage, 4*time.Hour + time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := swarm{size: *programs, window: windowFor(*programs), down: tt.down}
			s.live(t, tt.long, tt.life)
			peak, mean := s.spread(tt.from)
			t.Logf("%s: %d programs, at most %d requests in %v, %.1f on average, ratio %.2f", tt.name, s.size, peak, s.window, mean, float64(peak)/mean)
			if tt.down == nil {
				t.Logf("requests in ten minutes, after the first second's %d:\n%s", s.size, s.histogram())
			}
			if float64(peak) > 3*mean {
				t.Errorf("%d requests in the busiest %v are %.1f times the mean", peak, s.window, float64(peak)/mean)
			}
		})
	}
}
