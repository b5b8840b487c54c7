package connections

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraredis/entraredis/bench/internal/steps"
	"github.com/entraredis/entraredis/core/entratest"
)

// A stamp is the end of a token: when it expires, and how long it lives.
type stamp struct {
	expires time.Time
	life    time.Duration
}

const stampSize = 2 * 19 // digits

func (s stamp) String() string { return fmt.Sprintf("%019d%019d", s.expires.UnixNano(), int64(s.life)) }

func parseStamp(text string) (s stamp, err error) {
	if len(text) != stampSize {
		return s, fmt.Errorf("a stamp of %d characters", len(text))
	}
	expires, err := strconv.ParseInt(text[:19], 10, 64)
	if err != nil {
		return s, err
	}
	life, err := strconv.ParseInt(text[19:], 10, 64)
	return stamp{time.Unix(0, expires), time.Duration(life)}, err
}

// A credential gives tokens that are as long as Entra's. The first one is renewed at once, so that the second, with
// which connections log in, is not the one of a program that has just started: that would be renewed at any time.
type credential struct {
	life    time.Duration // of all but the first
	refresh time.Duration // after which the second is to be renewed, 0 if its life decides
	// steps, if it is there, gives the tokens instead: connections log in with its first.
	steps *steps.Credential

	mu      sync.Mutex
	given   int
	expires time.Time // of the second
}

const firstLife = 300 * time.Millisecond

func (c *credential) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (t azcore.AccessToken, err error) {
	if c.steps != nil {
		return c.steps.GetToken(ctx, opts)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.given++
	s := stamp{time.Now().Add(c.life), c.life}
	switch c.given {
	case 1:
		s = stamp{time.Now().Add(firstLife), firstLife}
	case 2:
		c.expires = s.expires
		if c.refresh > 0 {
			t.RefreshOn = time.Now().Add(c.refresh)
		}
	}
	t.ExpiresOn, t.Token = s.expires, s.token()
	return t, nil
}

// token returns a token that ends with the stamp.
func (s stamp) token() string {
	payload := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"oid":%q}`, entratest.ObjectID))
	return "e30." + payload + "." + strings.Repeat("0", 1400) + s.String()
}

// stepwise returns a credential that renews by steps. A server that it logs in to must not judge by time.
func stepwise(life time.Duration) *credential {
	return &credential{life: life, steps: steps.New(life, func(_ context.Context, expires time.Time) (string, error) {
		return stamp{expires, life}.token(), nil
	})}
}

// second waits for the token with which connections log in, and returns when it expires.
func (c *credential) second(ctx context.Context) (expires time.Time, err error) {
	for {
		if c.steps != nil {
			expires = c.steps.First()
		} else {
			c.mu.Lock()
			expires = c.expires
			c.mu.Unlock()
		}
		if !expires.IsZero() {
			// The Source that acquired the token needs a moment to publish it.
			return expires, sleep(ctx, 100*time.Millisecond)
		}
		if err := sleep(ctx, 5*time.Millisecond); err != nil {
			return expires, err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
