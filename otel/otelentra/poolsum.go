package otelentra

import "github.com/entraredis/entraredis/otel/internal/census"

// A poolSum is a pool, and what the census says of all its servers together.
type poolSum struct {
	*pool
	census.Pool
}

// sums returns the pools of which the census knows servers, in the order of these.
func (r *registry) sums(s census.Snapshot) []poolSum {
	var all []poolSum
	index := make(map[*pool]int)
	for _, server := range s.Pools {
		p := r.ofCensus(server).pool
		i, isThere := index[p]
		if !isThere {
			index[p] = len(all)
			all = append(all, poolSum{p, server})
			continue
		}
		all[i].add(server)
	}
	return all
}

func (p *poolSum) add(server census.Pool) {
	p.Current += server.Current
	p.Stale += server.Stale
	p.AtRisk += server.AtRisk
	p.Expired += server.Expired
	p.Rotation.Window = max(p.Rotation.Window, server.Rotation.Window)
	p.Rotation.Pending += server.Rotation.Pending
	switch {
	case server.SoonestExpiry.IsZero():
	case !p.holdsToken():
		p.SoonestExpiry, p.OldestAge, p.YoungestAge = server.SoonestExpiry, server.OldestAge, server.YoungestAge
	default:
		if server.SoonestExpiry.Before(p.SoonestExpiry) {
			p.SoonestExpiry = server.SoonestExpiry
		}
		p.OldestAge = max(p.OldestAge, server.OldestAge)
		p.YoungestAge = min(p.YoungestAge, server.YoungestAge)
	}
}

// holdsToken reports whether a connection is logged in. If none is, the lives of tokens are not reported, because 0 s
// would read as an expiry.
func (p *poolSum) holdsToken() bool { return !p.SoonestExpiry.IsZero() }
