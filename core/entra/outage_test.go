package entra_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entra/internal/schedule"
)

var errDown = errors.New("login.microsoftonline.com is down")

// during returns a credential that fails while down returns true, and mints otherwise.
func during(down func(call) bool, fail func(context.Context, call) error) *credential {
	return &credential{answer: func(ctx context.Context, c call) (azcore.AccessToken, error) {
		if down(c) {
			return azcore.AccessToken{}, fail(ctx, c)
		}
		return mint(c, life), nil
	}}
}

func failWith(err error) func(context.Context, call) error {
	return func(context.Context, call) error { return err }
}

func refused(status int, retryAfter string) error {
	h := http.Header{}
	if retryAfter != "" {
		h.Set("Retry-After", retryAfter)
	}
	return &azcore.ResponseError{StatusCode: status, RawResponse: &http.Response{StatusCode: status, Header: h}}
}

func TestServesValidTokenDuringOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		from, to := start.Add(life*25/100), start.Add(life-2*time.Minute)
		cred := during(func(c call) bool { return c.at.After(from) && c.at.Before(to) }, failWith(errDown))
		src := newSource(t, cred, nil)
		first := mustToken(t, src)
		for time.Now().Before(to) {
			time.Sleep(time.Second)
			if got := mustToken(t, src); got != first {
				t.Fatal("another token")
			}
		}
		time.Sleep(15 * time.Second)
		if got := mustToken(t, src); got == first {
			t.Error("still the old token after the outage")
		}
		if got := src.Status(); got.Failures != 0 || got.Err != nil {
			t.Errorf("status %+v", got)
		}
		// 13 to 51 minutes of it are spent failing, 8 seconds apart on average.
		if n := cred.count(); n < 80 || n > 430 {
			t.Errorf("%d requests", n)
		}
	})
}

func TestOutageLongerThanTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		from, to := start.Add(life*25/100), start.Add(4*time.Hour)
		cred := during(func(c call) bool { return c.at.After(from) && c.at.Before(to) }, failWith(errDown))
		src := newSource(t, cred, nil)
		first := mustToken(t, src)
		time.Sleep(time.Until(first.ExpiresOn()) - time.Millisecond)
		if got := mustToken(t, src); got != first {
			t.Fatal("lost the token before its expiry")
		}
		_, superseded := src.Latest()
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if got, again := src.Latest(); !got.IsZero() || again != superseded {
			t.Error("the expired token is still there, or its channel is not")
		}
		asked := time.Now()
		err := within(t, src, 10*time.Second)
		var refresh *entra.RefreshError
		ok := errors.As(err, &refresh)
		if !errors.Is(err, context.DeadlineExceeded) || !ok {
			t.Fatalf("%v, want the context's error and a RefreshError", err)
		}
		if refresh.Kind != entra.KindNetwork || refresh.Attempt < 2 || !errors.Is(err, errDown) || refresh.RetryAt.Before(asked) {
			t.Errorf("%+v", refresh)
		}
		// A caller waits until the end, and gets the first token there is.
		if tok := mustToken(t, src); tok == first {
			t.Error("the expired token")
		}
		checkGap(t, "recovered", to, time.Now(), 0, 2*time.Second)
		<-superseded
	})
}

func TestRetriesEverySecondOrTwoWhileACallerWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := during(func(call) bool { return true }, failWith(errDown))
		src := newSource(t, cred, nil)
		// No caller waits: requests become rare, but the Source notices a recovery within 15
		// seconds.
		time.Sleep(time.Hour)
		calls := cred.seen()
		if n := len(calls); n > 600 {
			t.Errorf("%d requests in an hour without a waiting caller", n)
		}
		for a, b := range pairs(calls) {
			checkGap(t, "next try", a.at, b.at, time.Second, 15*time.Second)
		}
		_ = within(t, src, time.Minute)
		calls = cred.seen()[len(calls):]
		if n := len(calls); n < 29 || n > 62 {
			t.Errorf("%d requests in a minute", n)
		}
		for a, b := range pairs(calls) {
			checkGap(t, "next try", a.at, b.at, 0, 2*time.Second)
		}
	})
}

// Entra takes a program that repeats a rejected request for a loop, however many callers the
// program has.
func TestRejectedRequestsAreFewHoweverManyCallersWait(t *testing.T) {
	// A proxy that comes and goes must not start the waits afresh.
	failing := func(n int) error {
		if n%3 == 2 {
			return errDown
		}
		return refused(401, "")
	}
	faults := map[string]func(int) error{
		"always":               func(int) error { return refused(401, "") },
		"with outages between": failing,
	}
	for name, tt := range toolErrors() {
		faults[name] = func(int) error { return tt.err }
	}
	for name, fail := range faults {
		for _, callers := range []int{1, 50} {
			t.Run(fmt.Sprintf("%s/%d callers", name, callers), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cred := during(func(call) bool { return true }, func(_ context.Context, c call) error { return fail(c.n) })
					src := newSource(t, cred, nil)
					for range callers {
						go func() { _, _ = src.Token(t.Context()) }()
					}
					time.Sleep(12 * time.Hour)
					var refusals []call
					for _, c := range cred.seen() {
						if !errors.Is(fail(c.n), errDown) {
							refusals = append(refusals, c)
						}
					}
					for i, first := range refusals {
						within := 0
						for _, c := range refusals[i:] {
							if c.at.Sub(first.at) < time.Hour {
								within++
							}
						}
						if within > schedule.RejectedPerHour {
							t.Fatalf("%d refused requests in the hour from %v on", within, first.at)
						}
					}
					if len(refusals) < 300 {
						t.Errorf("%d tries in 12 hours while %d callers wait", len(refusals), callers)
					}
					_ = src.Close()
				})
			})
		}
	}
}

func TestSlowerForRejectionsThanForOutages(t *testing.T) {
	requests := func(err error) (n int) {
		synctest.Test(t, func(t *testing.T) {
			cred := during(func(call) bool { return true }, failWith(err))
			src := newSource(t, cred, nil)
			time.Sleep(12 * time.Hour)
			_ = src.Close()
			n = cred.count()
		})
		return n
	}
	outage, rejection := requests(errDown), requests(refused(400, ""))
	if outage < 4500 || outage > 6500 { // 8 s apart on average
		t.Errorf("%d requests in an outage of 12 hours", outage)
	}
	if rejection < 150 || rejection > 250 { // nearly four minutes apart
		t.Errorf("%d requests in 12 hours of rejections", rejection)
	}
}

func TestProcessesThatFailTogetherRetryApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		const processes = 200
		var creds [processes]*credential
		for i := range creds {
			creds[i] = during(func(call) bool { return true }, failWith(errDown))
			newSource(t, creds[i], nil)
		}
		time.Sleep(10 * time.Minute)
		var seconds, late []time.Duration
		for _, cred := range creds {
			calls := cred.seen()
			seconds = append(seconds, calls[1].at.Sub(start))
			last := calls[len(calls)-2:]
			late = append(late, last[1].at.Sub(last[0].at))
		}
		// Uniform in the whole range: of 200, some are in the first and in the last tenth.
		for _, tt := range []struct {
			name     string
			got      []time.Duration
			from, to time.Duration
		}{
			{"second tries", seconds, time.Second, 2 * time.Second},
			{"late tries", late, time.Second, 15 * time.Second},
		} {
			tenth := (tt.to - tt.from) / 10
			if least := slices.Min(tt.got); least < tt.from || least > tt.from+tenth {
				t.Errorf("%s: the first comes after %v, want %v to %v", tt.name, least, tt.from, tt.from+tenth)
			}
			if most := slices.Max(tt.got); most > tt.to || most < tt.to-tenth {
				t.Errorf("%s: the last comes after %v, want %v to %v", tt.name, most, tt.to-tenth, tt.to)
			}
		}
	})
}

func TestObeysRetryAfter(t *testing.T) {
	for _, tt := range []struct {
		name, header string
		least, most  time.Duration
	}{
		{"seconds", "20", 20 * time.Second, 22 * time.Second},
		{"a date", time.Date(2000, 1, 1, 0, 0, 20, 0, time.UTC).Format(http.TimeFormat), 20 * time.Second, 22 * time.Second},
		{"capped while no token is valid", "3600", 60 * time.Second, 66 * time.Second},
		{"as many as there are digits", "9223372036854775807", 60 * time.Second, 66 * time.Second},
		{"more than that", "99999999999999999999", time.Second, 2 * time.Second},
		{"negative", "-5", time.Second, 2 * time.Second},
		{"zero", "0", time.Second, 2 * time.Second},
		{"nonsense", "soon", time.Second, 2 * time.Second},
		{"a date that has passed", time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC).Format(http.TimeFormat), time.Second, 2 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // it is 2000-01-01 00:00:00 UTC
				cred := during(func(c call) bool { return c.n == 1 }, failWith(refused(http.StatusTooManyRequests, tt.header)))
				src := newSource(t, cred, nil)
				start := time.Now()
				mustToken(t, src) // waits
				checkGap(t, "second try", start, time.Now(), tt.least, tt.most)
			})
		})
	}
}

func TestObeysAzuresOwnRetryHeadersAndTheServersClock(t *testing.T) {
	// It is 2000-01-01 00:00:00 UTC, and the server's clock is an hour fast.
	date := func(s int) string { return time.Date(2000, 1, 1, 1, 0, s, 0, time.UTC).Format(http.TimeFormat) }
	for name, h := range map[string]http.Header{
		"retry-after-ms":      {"Retry-After-Ms": {"20000"}, "Retry-After": {"1"}},
		"x-ms-retry-after-ms": {"X-Ms-Retry-After-Ms": {"20000"}},
		"date":                {"Retry-After": {date(20)}, "Date": {date(0)}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				throttled := &azcore.ResponseError{RawResponse: &http.Response{StatusCode: 429, Header: h}}
				cred := during(func(c call) bool { return c.n == 1 }, failWith(throttled))
				src := newSource(t, cred, nil)
				start := time.Now()
				mustToken(t, src)
				checkGap(t, "second try", start, time.Now(), 20*time.Second, 22*time.Second)
			})
		})
	}
}

func TestRetryAfterIsObeyedLongerWhileATokenLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := during(func(c call) bool { return c.n == 2 }, failWith(refused(http.StatusServiceUnavailable, "300")))
		src := newSource(t, cred, nil)
		mustToken(t, src)
		_, superseded := src.Latest()
		<-superseded
		calls := cred.seen()
		checkGap(t, "third request", calls[1].at, calls[2].at, 5*time.Minute, 5*time.Minute+30*time.Second)
	})
}

func TestFailuresAreClassified(t *testing.T) {
	for name, tt := range map[string]struct {
		fail func(context.Context, call) error
		want entra.Kind
	}{
		"plain":       {failWith(errDown), entra.KindNetwork},
		"500":         {failWith(refused(500, "")), entra.KindNetwork},
		"404":         {failWith(refused(404, "")), entra.KindNetwork},
		"429":         {failWith(refused(429, "")), entra.KindThrottled},
		"400":         {failWith(refused(400, "")), entra.KindRejected},
		"401":         {failWith(refused(401, "")), entra.KindRejected},
		"403":         {failWith(refused(403, "")), entra.KindRejected},
		"own timeout": {failWith(context.DeadlineExceeded), entra.KindTimedOut},
		"our timeout": {func(ctx context.Context, _ call) error { <-ctx.Done(); return errDown }, entra.KindTimedOut},
		"panic":       {func(context.Context, call) error { panic("lost my key") }, entra.KindMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cred := during(func(c call) bool { return true }, tt.fail)
				src := newSource(t, cred, nil)
				time.Sleep(31 * time.Second)
				var got *entra.RefreshError
				if !errors.As(src.Status().Err, &got) || got.Kind != tt.want || got.Attempt != src.Status().Failures {
					t.Errorf("%+v, want %s", got, tt.want)
				}
			})
		})
	}
}
