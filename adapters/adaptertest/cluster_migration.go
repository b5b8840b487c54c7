package adaptertest

import (
	"context"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/entraredis/entraredis/core/entratest"
)

// slotsMigrated catches a library that loses a command, runs it twice or sends it to the wrong node
// when AUTH meets a redirection. The slot moves to each master in turn, key by key, while every
// connection is renewed several times a second. Clients usually write ASKING together with its
// command; askingKept tests the other case.
func slotsMigrated(e *clusterEnv) {
	client := e.open("moved", 4)
	const workers, keys = 4, 12
	counts := increments{e, client, "{moving}", keys}
	slot := entratest.KeySlot("{moving}")
	for n := range workers * keys { // a slot without keys would be gone before a client without connections arrives
		if err := counts.add(n%workers, n/workers); err != nil {
			e.t.Fatalf("a command failed: %v", e.output.saw(err))
		}
	}
	before := e.standingNow()
	auths := func() (n int) {
		for _, gateway := range e.gateways {
			n += gateway.Stats().Auths
		}
		return n
	}
	migrate := func() { // until commands and AUTHs have met often enough
		for iteration := 0; iteration < 2*3 || auths() < 200; iteration++ {
			if err := e.migrate(slot, e.cluster.Nodes()[iteration%3]); err != nil {
				e.t.Errorf("migration %d: %v", iteration, err)
				return
			}
		}
	}
	e.during(migrate, workers, 0, func(worker, iteration int) error {
		if worker == 0 {
			return counts.addAll(worker, iteration+1)
		}
		return counts.add(worker, iteration+keys)
	})
	moved, ask, err := e.cluster.Redirections(e.ctx)
	if err != nil || moved == 0 || ask == 0 {
		e.t.Errorf("the client was sent on by %d MOVED and %d ASK: %v", moved, ask, err)
	}
	// rueidis dials a node anew to which it is sent on from the same node, as it may be where a slot goes away and comes back:
	// two or three times in 30 migrations with a password. No command fails by it.
	e.replaces = true
	e.noneLostSince(before, nil)
}

// migrate moves a slot to a master, key by key. Nothing happens if it is there.
func (e *clusterEnv) migrate(slot int, to *entratest.ClusterNode) error {
	if owner, err := e.cluster.Owner(e.ctx, slot); err != nil || owner == to {
		return err
	}
	migration, err := e.cluster.MigrateSlot(e.ctx, slot, to)
	if err != nil {
		return err
	}
	for remaining := 1; remaining > 0 && err == nil; {
		rest(e.ctx, 10*time.Millisecond) // for commands to find the slot half moved
		remaining, err = migration.Move(e.ctx, 1)
	}
	if err != nil {
		return err
	}
	return migration.Finish(e.ctx)
}

// hastyLife allows several renewals a second, and a machine that stands still for some.
const hastyLife = 10 * time.Second

// A hasty credential says that its tokens should be renewed after a tenth of a second, so that the Source renews every
// connection as often as a token of such a life allows, several times a second. The server takes them for as long as usual:
// no connection ends if a busy machine misses a renewal.
type hasty struct{ azcore.TokenCredential }

func newHasty(sts *entratest.STS) hasty {
	// The Source does not believe the lifetime of a token whose issue time, in the year 2100, is
	// after its expiry.
	sts.Inject(entratest.Fault{Claims: map[string]any{"iat": int64(4102444800)}})
	return hasty{sts.Credential()}
}

func (h hasty) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := h.TokenCredential.GetToken(ctx, opts)
	token.RefreshOn, token.ExpiresOn = time.Now().Add(time.Second/10), time.Now().Add(hastyLife)
	return token, err
}
