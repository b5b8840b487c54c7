package livepage

import (
	"cmp"
	"slices"
	"time"
)

// A rebuff is what a server gave for a token in place of OK.
type rebuff string

const (
	refused rebuff = "refused" // the server refuses the token
	unable  rebuff = "unable"  // it serves no client for the moment: it is full, loading or the like
	silent  rebuff = "silent"  // no answer for as long as the client waited
)

// A setback is a rebuff that stands until the server accepts a token: after a refusal, that one or a newer.
type setback struct {
	server  string
	rebuff  rebuff
	login   bool   // of new connections; else open ones keep their older token
	word    string // the first of the server's answer, for example "WRONGPASS"
	last    time.Time
	expires time.Time // of the token
}

type standing struct {
	server string
	rebuff rebuff
}

// setbacks are those that stand.
type setbacks map[standing]setback

const (
	// While callers want connections, at least one login every 30 seconds probes a server that
	// refuses them. If no login was refused for this long, none was tried, and it is unknown
	// whether the server would still refuse.
	setbackMemory = 5 * time.Minute
	// The nodes of a cluster come back under new addresses for as long as a program runs.
	mostSetbacks = 256
)

func (all setbacks) note(s setback) {
	key := standing{s.server, s.rebuff}
	before, known := all[key]
	if !known && len(all) >= mostSetbacks {
		all.forget(s.last.Add(-setbackMemory))
		if len(all) >= mostSetbacks {
			return
		}
	}
	s.login = s.login || before.login && s.last.Sub(before.last) < setbackMemory
	all[key] = s
	if s.rebuff != silent {
		delete(all, standing{s.server, silent}) // it speaks
	}
}

// accepted withdraws what a server that has accepted a token shows to be over. A token that expires earlier than the
// one it refused says nothing about that.
func (all setbacks) accepted(server string, expires time.Time) {
	if len(all) == 0 {
		return
	}
	delete(all, standing{server, unable})
	delete(all, standing{server, silent})
	key := standing{server, refused}
	if s, ok := all[key]; ok && !expires.Before(s.expires) {
		delete(all, key)
	}
}

func (all setbacks) forget(before time.Time) {
	for key, s := range all {
		if s.last.Before(before) {
			delete(all, key)
		}
	}
}

// since returns the setbacks that are not older, by server.
func (all setbacks) since(t time.Time) []setback {
	all.forget(t)
	list := make([]setback, 0, len(all))
	for _, s := range all {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b setback) int {
		return cmp.Or(cmp.Compare(a.server, b.server), cmp.Compare(a.rebuff, b.rebuff))
	})
	return list
}

// of returns the setbacks of a kind: those of logins, or those of open connections alone.
func of(all []setback, r rebuff, login bool) []setback {
	var some []setback
	for _, s := range all {
		if s.rebuff == r && s.login == login {
			some = append(some, s)
		}
	}
	return some
}
