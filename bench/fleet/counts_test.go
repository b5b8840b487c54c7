package fleet

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Counts are what happens in a day, since it began.
type counts struct {
	began           time.Time
	requests, auths times
	late, lost      atomic.Int32
	holders         []*holder
}

func newCounts(length time.Duration) *counts {
	c := &counts{began: time.Now()}
	for _, t := range []*times{&c.requests, &c.auths} {
		t.began, t.seconds = c.began, make([]atomic.Int32, int(length/time.Second))
	}
	return c
}

// day sums them up.
func (c *counts) day() (d Day) {
	d.Requests, d.RequestsSecond = c.requests.minutes()
	d.Auths, d.AuthsSecond = c.auths.minutes()
	d.Late, d.Lost = int(c.late.Load()), int(c.lost.Load())
	for _, h := range c.holders {
		if h.left() <= 0 {
			d.Lost++
		}
	}
	return d
}

// Times count something that happens, in each second.
type times struct {
	began   time.Time
	seconds []atomic.Int32
}

// add counts one more. What happens after the end is not counted.
func (t *times) add() {
	if at := int(time.Since(t.began) / time.Second); at < len(t.seconds) {
		t.seconds[at].Add(1)
	}
}

// minutes returns how many there were in each minute, and in the busiest second after the first
// minute.
func (t *times) minutes() (counts []int, most int) {
	counts = make([]int, len(t.seconds)/60)
	for i := range t.seconds {
		n := int(t.seconds[i].Load())
		if i >= 60 {
			most = max(most, n)
		}
		counts[i/60] += n
	}
	return counts, most
}

// A holder is a connection at the server: it holds a token.
type holder struct {
	seen *counts

	mu      sync.Mutex
	expires time.Time // zero before the first token
}

// holder is for the one goroutine that starts processes.
func (c *counts) holder() *holder {
	h := &holder{seen: c}
	c.holders = append(c.holders, h)
	return h
}

// auth takes a new token.
func (h *holder) auth(expires time.Time) {
	h.seen.auths.add()
	left := h.left()
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.expires.IsZero():
	case left <= 0:
		h.seen.lost.Add(1)
	case left < 3*time.Minute:
		h.seen.late.Add(1)
	}
	h.expires = expires
}

func (h *holder) left() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Until(h.expires)
}

// A credential gives tokens that are the time of their expiry.
type credential struct {
	seen *counts
	life func() (time.Duration, error)
}

func (c credential) next() (expires time.Time, err error) {
	c.seen.requests.add()
	life, err := c.life()
	return time.Now().Add(life), err
}

func (c credential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	expires, err := c.next()
	return azcore.AccessToken{Token: strconv.FormatInt(expires.UnixNano(), 10), ExpiresOn: expires}, err
}
