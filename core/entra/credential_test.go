package entra_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraredis/entraredis/core/entra"
)

const (
	secretMark = "S3CR3T-never-to-be-seen"
	life       = 75 * time.Minute
	objectID   = "5f0c7a3e-1111-4222-8333-944444444444"
)

// A credential answers each call with answer, and remembers the calls. Unlike azidentity's, it has
// neither a cache nor a lock of its own.
type credential struct {
	answer func(context.Context, call) (azcore.AccessToken, error)

	mu    sync.Mutex
	calls []call
}

// A call is one request for a token.
type call struct {
	n      int // from 1
	at     time.Time
	scope  string
	claims string
}

func (c *credential) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.mu.Lock()
	got := call{n: len(c.calls) + 1, at: time.Now(), scope: opts.Scopes[0], claims: opts.Claims}
	c.calls = append(c.calls, got)
	c.mu.Unlock()
	return c.answer(ctx, got)
}

func (c *credential) seen() []call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]call(nil), c.calls...)
}

func (c *credential) count() int { return len(c.seen()) }

// minting returns a credential that gives a new token of the given life for every call.
func minting(life time.Duration) *credential {
	return &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
		return mint(c, life), nil
	}}
}

// mint makes a token like Entra's: fractions of seconds in its claims aside, which Entra does not
// use.
func mint(c call, life time.Duration) azcore.AccessToken {
	expires := c.at.Add(life)
	return azcore.AccessToken{
		Token: jwt(map[string]any{
			"oid": objectID,
			"iat": float64(c.at.UnixMicro()) / 1e6,
			"exp": float64(expires.UnixMicro()) / 1e6,
			"uti": fmt.Sprintf("%s-%d", secretMark, c.n),
		}),
		ExpiresOn: expires.Round(0),
	}
}

// jwt makes a token with the given claims and no signature to speak of.
func jwt(claims map[string]any) string {
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	return b64([]byte(`{"alg":"none"}`)) + "." + b64(payload) + "." + b64([]byte(secretMark))
}

func newSource(t testing.TB, cred azcore.TokenCredential, opts *entra.Options) *entra.Source {
	t.Helper()
	src, err := entra.NewSource(cred, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.Close() })
	return src
}

func mustToken(t testing.TB, src *entra.Source) entra.Token {
	t.Helper()
	tok, err := src.Token(t.Context())
	if err != nil {
		t.Fatalf("Token: %v", err)
	}
	return tok
}

// nextToken waits until there is a newer token.
func nextToken(t testing.TB, src *entra.Source) entra.Token {
	t.Helper()
	_, superseded := src.Latest()
	<-superseded
	return mustToken(t, src)
}

// within calls Token with a deadline, and returns its error.
func within(t testing.TB, src *entra.Source, d time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	_, err := src.Token(ctx)
	return err
}

// checkGap fails the test unless the time between two moments is in the given range.
func checkGap(t testing.TB, what string, from, to time.Time, least, most time.Duration) {
	t.Helper()
	if d := to.Sub(from); d < least || d > most {
		t.Errorf("%s after %v, want %v to %v", what, d, least, most)
	}
}
