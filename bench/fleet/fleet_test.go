package fleet

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraredis/entraredis/bench/internal/virtual"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
)

var flags = virtual.Define()

func TestDay(t *testing.T) {
	r := &Result{Processes: 50, Conns: 10, Hours: 6}
	if *flags.Whole {
		r.Processes, r.Hours = 1000, 24
	}
	for _, lives := range []struct {
		name string
		life func() time.Duration
	}{
		{"75 minutes", func() time.Duration { return 75 * time.Minute }},
		{"60 to 90 minutes, at random", func() time.Duration { return time.Hour + rand.N(30*time.Minute) }},
	} {
		synctest.Test(t, func(t *testing.T) {
			d := live(t, r, lives.life)
			d.Lives = lives.name
			r.Days = append(r.Days, *d)
			if d.Late > 0 || d.Lost > 0 {
				t.Errorf("%d connections had the new token late, %d were lost", d.Late, d.Lost)
			}
			if want := r.Processes * r.Hours * 60 / 90; sum(d.Requests) < want || sum(d.Auths) < want*r.Conns {
				t.Errorf("%d requests, %d AUTHs: too few", sum(d.Requests), sum(d.Auths))
			}
		})
	}
	flags.Keep(t, r)
}

// live lets a fleet live. All of it starts in the same second.
func live(t *testing.T, r *Result, life func() time.Duration) *Day {
	began := time.Now()
	length := time.Duration(r.Hours) * time.Hour
	requests, auths := make([]atomic.Int32, r.Hours*60+1), make([]atomic.Int32, r.Hours*60+1)
	minute := func() int { return min(int(time.Since(began)/time.Minute), r.Hours*60) }
	var late atomic.Int32
	cred := credential(func() time.Time {
		requests[minute()].Add(1)
		return time.Now().Add(life())
	})
	var holds []*atomic.Int64 // until when the token of each connection lives
	for range r.Processes {
		src, err := entra.NewSource(cred, &entra.Options{Username: "us"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { src.Close() })
		dialer := entraconn.NewDialer(src, nil)
		for range r.Conns {
			until := &atomic.Int64{}
			holds = append(holds, until)
			c := dialer.Wrap(newConn(func(expires time.Time) {
				auths[minute()].Add(1)
				if old := until.Swap(expires.UnixNano()); old != 0 && time.Until(time.Unix(0, old)) < 3*time.Minute {
					late.Add(1)
				}
			}))
			t.Cleanup(func() { c.Close() })
			if _, err := c.Write([]byte("*1\r\n$4\r\nPING\r\n")); err != nil {
				t.Fatal(err)
			}
			answer := make([]byte, 100)
			if n, err := c.Read(answer); err != nil || !strings.HasPrefix(string(answer[:n]), "+PONG") {
				t.Fatal(string(answer[:n]), err)
			}
		}
	}
	time.Sleep(length - time.Since(began))
	d := &Day{Late: int(late.Load())}
	for _, until := range holds {
		if time.Now().UnixNano() > until.Load() {
			d.Lost++
		}
	}
	for i := range r.Hours * 60 {
		d.Requests = append(d.Requests, int(requests[i].Load()))
		d.Auths = append(d.Auths, int(auths[i].Load()))
	}
	return d
}

// A credential gives tokens that are the time of their expiry.
type credential func() (expires time.Time)

func (c credential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	expires := c()
	return azcore.AccessToken{Token: strconv.FormatInt(expires.UnixNano(), 10), ExpiresOn: expires}, nil
}
