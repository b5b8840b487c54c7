package peers

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraredis/entraredis/core/entra"
)

// A provider keeps a token and renews it ahead of its expiry: the part that every good way of one's
// own begins with. It renews after about three quarters of the token's life, retries every few
// seconds if that fails, and calls its listeners.
type provider struct {
	cred   azcore.TokenCredential
	cancel context.CancelFunc
	ended  chan struct{}

	mu        sync.Mutex
	token     azcore.AccessToken
	life      time.Duration // that it had when it came
	renewAt   time.Time
	listeners map[any]func(azcore.AccessToken)
}

func newProvider(ctx context.Context, cred azcore.TokenCredential) (*provider, error) {
	ctx, cancel := context.WithCancel(ctx)
	p := &provider{cred: cred, cancel: cancel, ended: make(chan struct{}), listeners: map[any]func(azcore.AccessToken){}}
	if err := p.fetch(ctx); err != nil {
		cancel()
		return nil, err
	}
	go p.run(ctx)
	return p, nil
}

func (p *provider) close() {
	p.cancel()
	<-p.ended
}

func (p *provider) fetch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	t, err := p.cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{entra.DefaultScope}})
	if err != nil {
		return err
	}
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !t.ExpiresOn.After(p.token.ExpiresOn) {
		return nil // the credential's cache
	}
	p.token, p.life = t, t.ExpiresOn.Sub(now)
	p.renewAt = now.Add(time.Duration((0.70 + 0.1*rand.Float64()) * float64(p.life)))
	for _, tell := range p.listeners {
		go tell(t)
	}
	return nil
}

func (p *provider) run(ctx context.Context) {
	defer close(p.ended)
	for {
		_, renewAt := p.current()
		wait := time.Until(renewAt)
		if wait <= 0 { // the last attempt failed, or brought nothing new
			wait = p.patience()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		_ = p.fetch(ctx) // the old one may still live, and there is another attempt
	}
}

// patience returns how long to wait between attempts: ten seconds, less if tokens live for less than minutes.
func (p *provider) patience() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(10*time.Millisecond, min(10*time.Second, p.life/20))
}

// current returns the token and when it will be renewed.
func (p *provider) current() (azcore.AccessToken, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.token, p.renewAt
}

// least returns how long a token of this provider lives at least when it is handed out.
func (p *provider) least() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Until(p.token.ExpiresOn) / 5
}

// listen has tell called with every newer token, until stop is called. Who listens again is told once.
func (p *provider) listen(who any, tell func(azcore.AccessToken)) (current azcore.AccessToken, stop func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listeners[who] = tell
	return p.token, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.listeners, who)
	}
}
