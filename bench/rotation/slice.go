package rotation

import (
	"context"
	"time"

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

// run opens a client, lets it warm up, and then counts for a while.
func run(ctx context.Context, server *azure.Azure, p peers.Peer, seconds int) (s *slice, err error) {
	client, err := p.Open(ctx, peers.Site{Addr: server.Addr, Credential: server, Conns: conns + blocked})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	l, err := startLoad(ctx, server.Backend, client)
	if err != nil {
		return nil, err
	}
	defer l.end()
	time.Sleep(warmUp)
	before, err := server.Stats(ctx)
	if err != nil {
		return nil, err
	}
	from := time.Now()
	l.count(seconds)
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
