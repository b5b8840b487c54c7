package entra_test

import (
	"context"
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
	start     time.Time
	down      func(since time.Duration) bool
	perMinute []atomic.Int32 // requests that reached Entra
}

const swarmSize = 1000

// live lets them live for so long.
func (s *swarm) live(t *testing.T, long time.Duration, life func() time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		s.start, s.perMinute = time.Now(), make([]atomic.Int32, long/time.Minute+1)
		cred := &credentialFunc{func(c call) (azcore.AccessToken, error) {
			since := c.at.Sub(s.start)
			s.perMinute[since/time.Minute].Add(1)
			if s.down != nil && s.down(since) {
				return azcore.AccessToken{}, errDown
			}
			return mint(c, life()), nil
		}}
		for range swarmSize {
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

// spread returns the busiest minute and the mean of those from the given one on.
func (s *swarm) spread(from time.Duration) (peak int32, mean float64) {
	minutes := s.perMinute[from/time.Minute : len(s.perMinute)-1]
	for i := range minutes {
		peak = max(peak, minutes[i].Load())
		mean += float64(minutes[i].Load()) / float64(len(minutes))
	}
	return peak, mean
}

// histogram draws the requests in each ten minutes, but those of the first second.
func (s *swarm) histogram() string {
	var b strings.Builder
	for i := 0; i+10 <= len(s.perMinute); i += 10 {
		var sum int32
		for m := range s.perMinute[i : i+10] {
			sum += s.perMinute[i+m].Load()
		}
		if i == 0 {
			sum -= swarmSize
		}
		fmt.Fprintf(&b, "%5s %4d %s\n", (time.Duration(i) * time.Minute).String()[:len((time.Duration(i)*time.Minute).String())-2], sum, strings.Repeat("#", int(sum+4)/8))
	}
	return b.String()
}

// Whoever starts together must not ask together for ever after: not in the first round of renewals either, which is
// the worst, nor in that after an outage.
func TestThousandProgramsStartedTogetherAskApart(t *testing.T) {
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
			s := swarm{down: tt.down}
			s.live(t, tt.long, tt.life)
			peak, mean := s.spread(tt.from)
			t.Logf("%s: at most %d requests in a minute, %.1f on average, ratio %.2f", tt.name, peak, mean, float64(peak)/mean)
			if tt.down == nil {
				t.Logf("requests in ten minutes, after the first second's %d:\n%s", swarmSize, s.histogram())
			}
			if float64(peak) > 3*mean {
				t.Errorf("%d requests in the busiest minute are %.1f times the mean", peak, float64(peak)/mean)
			}
		})
	}
}
