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
	serverUnable    happening = "unable"
	authUnanswered  happening = "unanswered"
	connLost        happening = "lost"
	connReconnected happening = "reconnected"
	connRetired     happening = "retired"
)

// A matter is what events have in common that share one line.
type matter struct {
	what        happening
	server      string // empty for rotations, which are grouped by token
	severe      bool   // authentication failed a program, or is about to
	login       bool   // it befell a new connection
	word        string // that the server answered: the first
	reason      entra.CloseReason
	unrenewable string
	kind        entra.Kind // of the failure
	status      int
	host, code  string
	token       time.Time // expiry of the one that a rotation brings
}

// An event is what happened once, or several times in a row.
type event struct {
	matter
	id          uint64
	first, last time.Time
	count       int
	length      time.Duration // the longest: of a token's life, a rotation, an absence
	gap         time.Duration // without a token, before a new one came
	turnout     turnout
}

const (
	// Events of one matter share a line if they are this near to each other. What happens to many
	// connections at once ends within seconds.
	near = 30 * time.Second
	// Failed attempts belong to one trouble although up to 5 minutes may lie between them.
	nearFailure = 15 * time.Minute
)

// A journal remembers what happened last, and what a verdict needs beyond counts.
type journal struct {
	most int

	mu        sync.Mutex
	lastID    uint64
	events    []event   // by last
	severe    time.Time // the last such event, listed or not
	elsewhere time.Time // the last trouble with a server that was not about its accepting a token
	failures  int       // in a row
	expires   time.Time
	accepted  time.Time // when the newest token came
	same      time.Time // when the credential gave the old one again
	setbacks  setbacks
}

func newJournal(most int) *journal { return &journal{most: most, setbacks: setbacks{}} }

// addLocked takes an event down. It needs journal.mu.
func (j *journal) addLocked(e event, now time.Time) {
	switch {
	case e.severe:
		j.severe = now
	case e.what == connLost, e.what == serverUnable, e.what == authUnanswered:
		j.elsewhere = now
	}
	if j.most == 0 {
		return
	}
	e.first, e.last, e.count = now, now, 1
	if i := j.findLocked(e.matter, now); i >= 0 {
		before := j.events[i]
		e.id, e.first, e.count = before.id, before.first, before.count+1
		e.length = max(e.length, before.length)
		e.turnout = before.turnout.plus(e.turnout)
		j.events = slices.Delete(j.events, i, i+1)
	} else {
		j.lastID++
		e.id = j.lastID
	}
	if len(j.events) == j.most {
		i := j.leastLocked(now)
		j.events = slices.Delete(j.events, i, i+1)
	}
	j.events = append(j.events, e)
}

// findLocked returns the place of the newest event of a matter that is near enough to now to share its
// line, -1 if there is none. A renewal separates the failures before it from those after it. It
// needs journal.mu.
func (j *journal) findLocked(m matter, now time.Time) int {
	var within time.Duration
	switch m.what {
	case tokenRenewed:
		return -1 // each token has its line
	case tokenFailed:
		within = nearFailure
	case connsRotated:
		within = dayOld // servers are done with one token when each of them is
	case authRefused, serverUnable, authUnanswered, connLost, connReconnected, connRetired:
		within = near
	}
	for i := len(j.events) - 1; i >= 0; i-- {
		switch e := &j.events[i]; {
		case now.Sub(e.last) > within, m.what == tokenFailed && e.what == tokenRenewed:
			return -1
		case e.matter == m:
			return i
		}
	}
	return -1
}

// dayOld is the age from which even a severe event may be dropped.
const dayOld = 24 * time.Hour

// leastLocked returns the place of the event to be dropped for a new one: the oldest of those that need
// the least attention, because a reader needs to see trouble that many ordinary events followed.
// It needs journal.mu.
func (j *journal) leastLocked(now time.Time) int {
	if now.Sub(j.events[0].last) > dayOld {
		return 0
	}
	for _, l := range []level{good, watch} {
		if i := slices.IndexFunc(j.events, func(e event) bool { return e.level() == l }); i >= 0 {
			return i
		}
	}
	return 0
}

// A record is what a journal has to say at one moment.
type record struct {
	events            []event // the newest first
	severe, elsewhere time.Time
	accepted, same    time.Time
	setbacks          []setback
}

func (j *journal) record(now time.Time) record {
	j.mu.Lock()
	defer j.mu.Unlock()
	r := record{
		events: slices.Clone(j.events), severe: j.severe, elsewhere: j.elsewhere,
		accepted: j.accepted, same: j.same, setbacks: j.setbacks.since(now.Add(-setbackMemory)),
	}
	slices.Reverse(r.events)
	return r
}
