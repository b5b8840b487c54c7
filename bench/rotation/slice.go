package rotation

import (
	"context"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/entraredis/entraredis/bench/internal/azure"
	"github.com/entraredis/entraredis/bench/internal/peers"
)

// A slice is what happened to a client that was made for it.
type slice struct {
	took             time.Duration
	latency          []*hdrhistogram.Histogram // of each second
	commands, errors int
	messages, lost   int
	pops, broken     int
	dials, auths     int
}

// A pace says how long a slice takes.
type pace struct {
	warmUp func(*load) error // returns when the client is warm
	count  func(*load) error // lets the load count, and returns when that is enough
	// timeout is that of [peers.Site].
	timeout time.Duration
}

// run opens a client, lets it warm up, and then counts.
func (pc pace) run(ctx context.Context, server *azure.Azure, p peers.Peer, cred azcore.TokenCredential) (s *slice, err error) {
	client, err := p.Open(ctx, peers.Site{Addr: server.Addr, Credential: cred, Conns: conns + blocked, Timeout: pc.timeout})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	l, err := startLoad(ctx, server.Backend, client)
	if err != nil {
		return nil, err
	}
	defer l.end()
	if err := pc.warmUp(l); err != nil {
		return nil, err
	}
	before, err := server.Stats(ctx)
	if err != nil {
		return nil, err
	}
	from := time.Now()
	if err := pc.count(l); err != nil {
		return nil, err
	}
	took := time.Since(from)
	after, err := server.Stats(ctx)
	if err != nil {
		return nil, err
	}
	l.catchUp(ctx)
	l.end()
	s = l.result()
	s.took, s.dials, s.auths = took, after.Accepted-before.Accepted, after.Auths-before.Auths
	return s, ctx.Err()
}
