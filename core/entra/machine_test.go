package entra_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra"
)

// A machine is one whose clocks part. The bubble's clock is its monotonic one, which stands still while the machine
// is suspended; the world's time and the wall clock run on.
type machine struct {
	slept atomic.Int64 // how long it has been suspended: what its monotonic clock missed
	wrong atomic.Int64 // by how much its wall clock is set forward
}

// world returns the time that Entra and Redis agree on.
func (m *machine) world() time.Time {
	return time.Now().Round(0).Add(time.Duration(m.slept.Load()))
}

// wall returns what the machine takes the time to be.
func (m *machine) wall() time.Time { return m.world().Add(time.Duration(m.wrong.Load())) }

func (m *machine) suspend(d time.Duration) { m.slept.Add(int64(d)) }
func (m *machine) set(d time.Duration)     { m.wrong.Add(int64(d)) }

// credential returns one that works as azidentity does on this machine: Entra tells for how long a token lives, and
// the expiry is computed from that by the wall clock.
func (m *machine) credential(life time.Duration) *credential {
	return &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
		c.at = m.world()
		tok := mint(c, life)
		tok.ExpiresOn = m.wall().Add(life)
		return tok, nil
	}}
}

func (m *machine) source(t testing.TB, cred azcore.TokenCredential) *entra.Source {
	t.Helper()
	src, err := entra.NewSourceByClock(cred, nil, m.wall)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.Close() })
	return src
}

// recheck is how long a Source may take to notice that a clock has leapt.
const recheck = 30 * time.Second

func TestSuspensionPastTheExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m machine
		src := m.source(t, m.credential(life))
		first := mustToken(t, src)
		time.Sleep(10 * time.Minute)
		m.suspend(8 * time.Hour)
		if got := src.Status(); got.Valid {
			t.Errorf("valid right after waking: %+v", got)
		}
		time.Sleep(recheck + time.Second)
		if tok := mustToken(t, src); tok == first || m.world().After(tok.ExpiresOn()) {
			t.Errorf("%v after 8 hours of suspension", tok)
		}
	})
}

func TestRefusalAfterSuspensionBringsANewTokenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m machine
		src := m.source(t, m.credential(life))
		first := mustToken(t, src)
		time.Sleep(10*time.Minute + time.Second)
		m.suspend(8 * time.Hour)
		src.Reject(first) // as the first login does
		synctest.Wait()
		if tok := mustToken(t, src); tok == first {
			t.Error("still the token of before")
		}
	})
}

func TestSuspensionPastTheRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m machine
		src := m.source(t, m.credential(life))
		first := mustToken(t, src)
		time.Sleep(10 * time.Minute)
		m.suspend(60 * time.Minute)
		time.Sleep(recheck + time.Second)
		if tok := mustToken(t, src); tok == first {
			t.Errorf("not renewed %v before the expiry", first.ExpiresOn().Sub(m.wall()))
		}
	})
}

// Whatever the wall clock shows, no token is handed out that Redis takes for expired, and none is missing.
func TestWallClockIsSet(t *testing.T) {
	for name, by := range map[string]time.Duration{
		"back by an hour": -time.Hour, "back by a day": -24 * time.Hour, "back by a minute": -time.Minute,
		"forward by a minute": time.Minute, "forward by an hour": time.Hour, "forward by a day": 24 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var m machine
				cred := m.credential(life)
				var expiry atomic.Pointer[time.Time] // of the newest token, in the world
				mintByWorld := cred.answer
				cred.answer = func(ctx context.Context, c call) (azcore.AccessToken, error) {
					expiry.Store(new(m.world().Add(life)))
					return mintByWorld(ctx, c)
				}
				src := m.source(t, cred)
				mustToken(t, src)
				for hour := range 48 {
					if hour == 10 {
						m.set(by)
						time.Sleep(recheck + 2*time.Second)
					}
					if hour == 20 {
						m.set(-by)
						time.Sleep(recheck + 2*time.Second)
					}
					for range 60 {
						time.Sleep(time.Minute)
						synctest.Wait()
						if tok, _ := src.Latest(); tok.IsZero() {
							t.Fatalf("no token in hour %d", hour)
						}
						if left := expiry.Load().Sub(m.world()); left <= 3*time.Minute {
							t.Fatalf("hour %d: %v left of the newest token", hour, left)
						}
					}
				}
				if n := cred.count(); n > 70 {
					t.Errorf("%d requests in 48 hours", n)
				}
			})
		})
	}
}

// A cache that goes by a wall clock that was set back serves a token for longer than it lives. That must not be taken
// for a new one.
func TestExpiredTokenOfACacheWhoseClockWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m machine
		entraDown := true
		var cached azcore.AccessToken
		cred := m.credential(life)
		fetch := cred.answer
		cred.answer = func(ctx context.Context, c call) (azcore.AccessToken, error) {
			if c.claims == "" && cached.ExpiresOn.Sub(m.wall()) > 5*time.Minute {
				return cached, nil
			}
			if c.n > 1 && entraDown {
				return azcore.AccessToken{}, refused(503, "")
			}
			var err error
			cached, err = fetch(ctx, c)
			return cached, err
		}
		src := m.source(t, cred)
		mustToken(t, src)
		m.set(-3 * time.Hour)
		time.Sleep(life + time.Minute)
		if tok, _ := src.Latest(); !tok.IsZero() {
			t.Errorf("%v is served at %v of a clock that was set back", tok, m.wall())
		}
		entraDown = false
		start := time.Now()
		mustToken(t, src)
		checkGap(t, "recovered", start, time.Now(), 0, 4*time.Second)
	})
}
