package livepage

import (
	"cmp"
	"slices"
	"time"
)

// A refusal is that of a token by a server, for as long as that server has not accepted this token or a newer one.
type refusal struct {
	server  string
	login   bool   // of new connections; else open ones keep their older token
	word    string // the first of the server's answer, for example "WRONGPASS"
	last    time.Time
	expires time.Time // of the token
}

// refusals are by server.
type refusals map[string]refusal

const (
	// While callers want connections, a server that refuses logins is asked at least every 30 seconds. When nobody was
	// refused for this long, nobody asks, and it is not known whether it still would refuse.
	refusalMemory = 5 * time.Minute
	// The nodes of a cluster come back under new addresses for as long as a program runs.
	mostRefusals = 256
)

func (rs refusals) note(r refusal) {
	if _, known := rs[r.server]; !known && len(rs) >= mostRefusals {
		rs.forget(r.last.Add(-refusalMemory))
		if len(rs) >= mostRefusals {
			return
		}
	}
	before := rs[r.server]
	r.login = r.login || before.login && r.last.Sub(before.last) < refusalMemory
	rs[r.server] = r
}

// accepted withdraws what was refused to a token that expires no later.
func (rs refusals) accepted(server string, expires time.Time) {
	if len(rs) == 0 {
		return
	}
	if r, ok := rs[server]; ok && !expires.Before(r.expires) {
		delete(rs, server)
	}
}

func (rs refusals) forget(before time.Time) {
	for server, r := range rs {
		if r.last.Before(before) {
			delete(rs, server)
		}
	}
}

// since returns the refusals that are not older, by server.
func (rs refusals) since(t time.Time) []refusal {
	rs.forget(t)
	all := make([]refusal, 0, len(rs))
	for _, r := range rs {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b refusal) int { return cmp.Compare(a.server, b.server) })
	return all
}
