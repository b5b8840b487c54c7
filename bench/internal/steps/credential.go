// Package steps makes renewal depend on what has happened, not on how much time has passed, so that a test means the same
// on a busy machine.
package steps

import (
	"context"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// LastLife is how long a client is told that the second token lives. It is never renewed.
const LastLife = time.Hour

// A Credential gives its first token at once, the second after [Credential.Renew] was called, and no third.
type Credential struct {
	life  time.Duration
	token func(ctx context.Context, expires time.Time) (string, error)

	releasing sync.Once
	released  chan struct{} // closed when the second token may be given
	given     chan struct{} // closed when it was

	mu    sync.Mutex
	count int
	first time.Time // when the first token expires
}

// New returns a Credential whose first token is told to live for life, and to be renewed after a quarter of it. The
// function token makes the tokens; calls do not overlap.
func New(life time.Duration, token func(ctx context.Context, expires time.Time) (string, error)) *Credential {
	return &Credential{life: life, token: token, released: make(chan struct{}), given: make(chan struct{})}
}

// First returns when the first token expires by what the client was told; the zero time before there was one.
func (c *Credential) First() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.first
}

// Renew gives the second token, and returns when the client has it or ctx ends.
func (c *Credential) Renew(ctx context.Context) error {
	c.releasing.Do(func() { close(c.released) })
	select {
	case <-c.given:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// GetToken makes it an azcore.TokenCredential.
func (c *Credential) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (t azcore.AccessToken, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	switch c.count {
	case 0:
		t.ExpiresOn, t.RefreshOn = now.Add(c.life), now.Add(c.life/4)
		if t.Token, err = c.token(ctx, t.ExpiresOn); err == nil {
			c.first = t.ExpiresOn
		}
	case 1:
		c.mu.Unlock() // for First, while this one waits
		err = wait(ctx, c.released)
		c.mu.Lock()
		if err != nil {
			return t, err
		}
		t.ExpiresOn = time.Now().Add(LastLife)
		if t.Token, err = c.token(ctx, t.ExpiresOn); err == nil {
			close(c.given)
		}
	default:
		c.mu.Unlock()
		err = wait(ctx, nil)
		c.mu.Lock()
	}
	if err == nil {
		c.count++
	}
	return t, err
}

// wait waits for ch to be closed, or for ctx to end.
func wait(ctx context.Context, ch <-chan struct{}) error {
	select {
	case <-ch:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
