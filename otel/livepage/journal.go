package livepage

import (
	"slices"
	"sync"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// A happening is the kind of an event, by the name that it has in a snapshot.
type happening string

const (
	tokenRenewed    happening = "renewed"
	tokenFailed     happening = "failed"
	connsRotated    happening = "rotated"
	authRefused     happening = "refused"
	connLost        happening = "lost"
	connReconnected happening = "reconnected"
	connRetired     happening = "retired"
)

// A matter is what events have in common that are told as one.
type matter struct {
	what        happening
	server      string
	severe      bool   // a program felt it, or is about to
	word        string // that the server refused it with: the first of its answer
	reason      entra.CloseReason
	unrenewable string
	kind        entra.Kind // of the failure
	status      int
	host, code  string
}

// An event is what happened once, or several times in a row.
type event struct {
	matter
	id          uint64
	first, last time.Time
	count       int
	length      time.Duration // the longest: of a token's life, a rotation, an absence
	gap         time.Duration // without a token, before a new one came
	rotation    entra.RotationDoneInfo
}

const (
	// Events of one matter are told as one when they are this near to each other. What befalls many connections at
	// once is over in seconds.
	near = 30 * time.Second
	// Between failed attempts, which are the same trouble however rare they have become, there are up to 5 minutes.
	nearFailure = 15 * time.Minute
)

// A journal remembers what happened last, and what a verdict needs beyond counts.
type journal struct {
	most int

	mu       sync.Mutex
	lastID   uint64
	events   []event // by last
	failures int     // in a row
	expires  time.Time
	accepted time.Time // when the newest token came
	same     time.Time // when the credential gave the old one again
	refusals refusals
}

func newJournal(most int) *journal { return &journal{most: most, refusals: refusals{}} }

// add takes an event down. j.mu is held.
func (j *journal) add(e event, now time.Time) {
	if j.most == 0 {
		return
	}
	within := near
	if e.what == tokenFailed {
		within = nearFailure
	}
	e.first, e.last, e.count = now, now, 1
	if i := j.find(e.matter, now.Add(-within)); i >= 0 {
		before := j.events[i]
		e.id, e.first, e.count = before.id, before.first, before.count+1
		e.length = max(e.length, before.length)
		e.rotation.Renewed += before.rotation.Renewed
		e.rotation.Refused += before.rotation.Refused
		e.rotation.Left += before.rotation.Left
		e.rotation.Closed += before.rotation.Closed
		j.events = slices.Delete(j.events, i, i+1)
	} else {
		j.lastID++
		e.id = j.lastID
	}
	if len(j.events) == j.most {
		j.events = slices.Delete(j.events, 0, 1)
	}
	j.events = append(j.events, e)
}

// find returns the place of the newest event of a matter, -1 if there is none since. A renewal separates the failures
// before it from those behind it.
func (j *journal) find(m matter, since time.Time) int {
	if m.what == tokenRenewed || m.what == connsRotated {
		return -1 // each token and each rotation has its line
	}
	for i := len(j.events) - 1; i >= 0; i-- {
		switch e := &j.events[i]; {
		case e.last.Before(since), m.what == tokenFailed && e.what == tokenRenewed:
			return -1
		case e.matter == m:
			return i
		}
	}
	return -1
}

// A record is what a journal has to say at one moment.
type record struct {
	events         []event // the newest first
	accepted, same time.Time
	refusals       []refusal
}

func (j *journal) record(now time.Time) record {
	j.mu.Lock()
	defer j.mu.Unlock()
	r := record{events: slices.Clone(j.events), accepted: j.accepted, same: j.same, refusals: j.refusals.since(now.Add(-refusalMemory))}
	slices.Reverse(r.events)
	return r
}
