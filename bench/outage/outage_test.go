package outage

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/redis/go-redis/v9"

	"github.com/entraredis/entraredis/bench/internal/peers"
	"github.com/entraredis/entraredis/bench/internal/virtual"
	"github.com/entraredis/entraredis/core/entratest"
)

var flags = virtual.Define()

const life = 75 * time.Minute

func TestOutages(t *testing.T) {
	redis.SetLogger(silent{})
	outages := []outage{
		{"For 2 minutes", 2 * time.Minute}, {"For 10 minutes", 10 * time.Minute}, {"Until 10 minutes after the token's expiry", beyond},
	}
	if !*flags.Whole {
		outages = outages[2:]
	}
	r := &Result{Life: life}
	for _, o := range outages {
		for _, p := range peers.All() {
			if !*flags.Whole && p.Library == "rueidis" && p.Name != peers.Ours {
				continue // its dials without a token come so thick that ten virtual minutes take eight seconds
			}
			t.Run(p.Library+"/"+p.Name+"/"+o.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := live(t, p, o.length)
					c.Outage = o.name
					t.Logf("%+v", c)
					r.Cases = append(r.Cases, c)
					judge(t, c)
				})
			})
		}
	}
	flags.Keep(t, r)
}

// judge knows what must be so, or the comparison is of something else.
func judge(t *testing.T, c Case) {
	if c.Commands < 4*60*20 || c.Messages < 60*20 {
		t.Errorf("%d commands and %d messages are too few", c.Commands, c.Messages)
	}
	if c.LeftAtEnd < 0 && c.FailedFor < -c.LeftAtEnd-time.Minute {
		t.Errorf("commands failed for %v only, without a token for %v", c.FailedFor, -c.LeftAtEnd)
	}
	if c.Name != peers.Ours {
		return
	}
	if c.LeftAtEnd > 0 && c.Failed+c.Lost > 0 {
		t.Errorf("%d commands failed, %d messages were lost, though the token lived on", c.Failed, c.Lost)
	}
	if c.Recovery > 15*time.Second {
		t.Errorf("recovered after %v", c.Recovery)
	}
}

// An outage is one kind of them.
type outage struct {
	name   string
	length time.Duration
}

// beyond stands for an outage until ten minutes after the token's expiry.
const beyond = 0

// An away is Entra, which may be away.
type away struct {
	azcore.TokenCredential
	down     atomic.Bool
	requests atomic.Int64 // while it was

	mu      sync.Mutex
	expires time.Time
	leaving chan struct{} // nil while it stays
}

// goAway makes Entra go away when it is asked next, and blocks until then. It returns when the last token expires.
func (a *away) goAway() (expires time.Time) {
	gone := make(chan struct{})
	a.mu.Lock()
	a.leaving = gone
	expires = a.expires
	a.mu.Unlock()
	<-gone
	return expires
}

func (a *away) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	a.mu.Lock()
	if a.leaving != nil {
		a.down.Store(true)
		close(a.leaving)
		a.leaving = nil
	}
	a.mu.Unlock()
	if a.down.Load() {
		a.requests.Add(1)
		return azcore.AccessToken{}, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}
	t, err := a.TokenCredential.GetToken(ctx, opts)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.expires = t.ExpiresOn
	return t, err
}

// live goes through one outage.
func live(t *testing.T, p peers.Peer, length time.Duration) Case {
	const conns = 8
	ctx := t.Context()
	sts := entratest.NewSTS(&entratest.STSOptions{Lifetime: life})
	network := entratest.NewNetwork()
	l, err := network.Listen("127.0.0.1:6379")
	if err != nil {
		t.Fatal(err)
	}
	gateway := entratest.NewGateway(l, &entratest.GatewayOptions{STS: sts})
	t.Cleanup(func() { gateway.Close() })
	open := func(p peers.Peer, cred azcore.TokenCredential) peers.Client {
		c, err := p.Open(ctx, peers.Site{Addr: gateway.Addr(), Credential: cred, Conns: conns, Ping: time.Minute, Dial: network.DialContext})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	entra := &away{TokenCredential: sts.Credential()}
	u := &use{client: open(p, entra), publisher: open(peers.All()[0], sts.Credential())}
	for _, c := range []peers.Client{u.client, u.publisher} {
		if err := c.Get(ctx, "key"); err != nil {
			t.Fatal(err)
		}
	}
	u.start(t)

	expires := entra.goAway()
	if length == beyond {
		length = time.Until(expires) + 10*time.Minute
	}
	u.count(true)
	time.Sleep(length)
	entra.down.Store(false)
	back := time.Now()
	c := Case{Library: p.Library, Name: p.Name, Away: length, LeftAtEnd: time.Until(expires), Requests: int(entra.requests.Load())}
	time.Sleep(20 * time.Minute)
	u.count(false)
	u.end()
	c.Commands, c.Failed = u.commands, u.failed
	if u.failed > 0 {
		c.FailedFor = u.lastFailure.Sub(u.firstFailure)
		c.Recovery = max(0, u.lastFailure.Sub(back))
	}
	c.Messages, c.Lost = len(u.published), 0
	for m := range u.published {
		if !u.received[m] {
			c.Lost++
		}
	}
	return c
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}
