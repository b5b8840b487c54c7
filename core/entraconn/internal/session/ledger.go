package session

import (
	"math"

	"github.com/entraredis/entraredis/internal/resp"
)

// An entry waits for a reply, or for confirmations that are not replies.
type entry struct {
	ordinal     uint64    // of the reply, counted from 1
	auth        Auth      // for awaitAuth and awaitMarker
	epoch       uint32    // the transaction that it belongs to, see commandStream.epoch
	number      uint32    // of the entry, see commandStream.entries
	outstanding int32     // for awaitSubscribed: confirmations, or untilNone; for awaitRefusal: commands
	commandKind resp.Kind // of the client's command; not for awaitRefusal
	unreplied   noReply   // for awaitRefusal: the commands
	awaits      entryKind
}

// An entryKind says what an entry waits for.
type entryKind uint8

const (
	awaitNothing    entryKind = iota // a reply for the client that means nothing here
	awaitAuth                        // our AUTH
	awaitMarker                      // our HELLO right after an AUTH, see marker.go
	awaitHello                       // says which protocol version follows; a subscriber may AUTH only in RESP3
	awaitReset                       // everything is as on a new connection, unless it is refused
	awaitMulti                       // may have failed
	awaitDiscard                     // may have failed
	awaitExec                        // runs a login of the client's that may be queued, or does not
	awaitSubscribed                  // confirmations, or one error; no reply of its own
	awaitBlocking                    // may take its time
	awaitPing                        // a RESP2 subscriber's, which RESP3 answers in another way
	awaitUpgrade                     // our HELLO 3
	awaitDowngrade                   // our HELLO 2
	awaitNumber                      // our CLIENT ID
	awaitStreamEnd                   // our XINFO STREAM, after which a blocking command follows
	awaitClientAuth                  // the client logs in by itself, as another user
	awaitClientAsUs                  // the client logs in by itself, as the user of our AUTHs
	awaitRefusal                     // perhaps nothing, see noreply.go
	awaitTakeover                    // if it succeeds, what follows are no replies
	awaitUnknown                     // from here on nothing is known
)

// untilNone marks an UNSUBSCRIBE without arguments: it ends when no subscription of its kind is
// left.
const untilNone = -1

// barsAuth reports whether no AUTH may be sent while the entry waits. Those that may wait for long
// have a Reason as well, see ledger.barredBy.
func (e *entry) barsAuth(epoch uint32) bool {
	switch e.awaits {
	case awaitMulti:
		return e.epoch == epoch
	case awaitHello, awaitReset, awaitExec, awaitUpgrade, awaitDowngrade, awaitSubscribed, awaitBlocking, awaitStreamEnd, awaitClientAuth,
		awaitClientAsUs, awaitTakeover, awaitUnknown:
		return true
	}
	return false
}

// isOurs reports whether the entry is for a command of ours.
func (e *entry) isOurs() bool {
	switch e.awaits {
	case awaitAuth, awaitMarker, awaitUpgrade, awaitDowngrade, awaitNumber, awaitStreamEnd:
		return true
	}
	return false
}

// isAuth reports whether the entry is for an AUTH of ours, or for the marker after one.
func (e *entry) isAuth() bool { return e.awaits == awaitAuth || e.awaits == awaitMarker }

// countConfirmation takes one, after which that many subscriptions of the kind remain, and
// reports whether it was the last one.
func (e *entry) countConfirmation(remaining int32) (complete bool) {
	if e.outstanding == untilNone {
		return remaining <= 0
	}
	e.outstanding--
	return e.outstanding <= 0
}

// A ledger knows what replies mean. Commands written and replies read are two counters; only what
// needs a second look when its reply comes stands in this queue, in the order of the replies.
type ledger struct {
	nextOrdinal uint64 // ordinal of the first entry; math.MaxUint64 if there is none

	ring        []entry // its length is a power of two, or 0
	head        int32
	used        int32
	endedMultis int32 // how many are a MULTI of a transaction that has ended
	// Of the entries in the current epoch:
	bars   int32 // how many bar AUTH
	multis int32 // how many are a MULTI

	confirmed uint32 // the epoch in which a MULTI was answered with OK, 0 for none
}

// maxEntries bounds the memory of a ledger, which has 40 bytes for each entry. Clients whose callers
// all subscribe at once, or all wait for replicas, have thousands in flight.
const maxEntries = 8000

// isFull reports whether no command may be written that needs an entry. The MULTIs of transactions
// that have ended do not count: forgetEnded drops them.
func (l *ledger) isFull() bool { return l.used-l.endedMultis >= maxEntries }

// firstEntry returns the one whose reply comes next, nil if there is none.
func (l *ledger) firstEntry() *entry {
	if l.used == 0 {
		return nil
	}
	return &l.ring[l.head]
}

// firstReply is firstEntry without those that may get no reply.
func (l *ledger) firstReply() *entry {
	for i := range l.used {
		if e := l.nth(i); e.awaits != awaitRefusal {
			return e
		}
	}
	return nil
}

// certainReplies returns how many entries certainly get a reply.
func (l *ledger) certainReplies() (n int32) {
	for i := range l.used {
		if l.nth(i).awaits != awaitRefusal {
			n++
		}
	}
	return n
}

func (l *ledger) nth(i int32) *entry { return &l.ring[int(l.head+i)&(len(l.ring)-1)] }

func (l *ledger) push(e entry, epoch uint32) {
	if int(l.used) == len(l.ring) {
		grown := make([]entry, max(2, 2*l.used))
		for i := range l.used {
			grown[i] = *l.nth(i)
		}
		l.ring, l.head = grown, 0
	}
	l.used++
	*l.nth(l.used - 1) = e
	l.tally(&e, epoch, 1)
	l.findNextOrdinal()
}

// joinRefusal has the last entry stand for e as well, and reports whether it can: both await the
// refusal of a command before the same reply. A write that is taken back does not undo it: then the
// entry allows for a refusal that cannot come.
func (l *ledger) joinRefusal(e entry) bool {
	if l.used == 0 {
		return false
	}
	last := l.nth(l.used - 1)
	if last.awaits != awaitRefusal || last.ordinal != e.ordinal {
		return false
	}
	last.unreplied |= e.unreplied
	last.outstanding++
	return true
}

// noteClientCommand is told that the command with that ordinal is a CLIENT command. A write that is taken
// back does not undo it.
func (l *ledger) noteClientCommand(ordinal uint64) {
	if l.used == 0 {
		return
	}
	if last := l.nth(l.used - 1); last.awaits == awaitRefusal && last.ordinal == ordinal {
		last.unreplied |= beforeClientCommand
	}
}

func (l *ledger) pop(epoch uint32) entry {
	e := l.ring[l.head]
	l.ring[l.head] = entry{}
	l.head = (l.head + 1) & int32(len(l.ring)-1)
	l.used--
	l.tally(&e, epoch, -1)
	if l.used == 0 && (e.isAuth() || len(l.ring) > 64) {
		l.ring, l.head = nil, 0 // most connections need it only for AUTH, once in an hour
	}
	l.findNextOrdinal()
	return e
}

// dropAfter takes the entries after that number back, and an epoch.
func (l *ledger) dropAfter(number, epoch uint32) {
	for l.used > 0 && int32(l.nth(l.used-1).number-number) > 0 {
		*l.nth(l.used - 1) = entry{}
		l.used--
	}
	l.tallyAll(epoch)
}

// forgetEnded drops the MULTIs of transactions that have ended, if they are many and most of what is
// there. It may be called only while no write can be taken back that ended one.
func (l *ledger) forgetEnded(epoch uint32) {
	if l.endedMultis < 64 || l.endedMultis < l.used/2 {
		return
	}
	stay := int32(0)
	for i := range l.used {
		if e := *l.nth(i); e.awaits != awaitMulti || e.epoch == epoch {
			*l.nth(stay) = e
			stay++
		}
	}
	for i := stay; i < l.used; i++ {
		*l.nth(i) = entry{}
	}
	l.used = stay
	l.tallyAll(epoch)
}

// tallyAll counts all entries anew.
func (l *ledger) tallyAll(epoch uint32) {
	l.bars, l.multis, l.endedMultis = 0, 0, 0
	for i := range l.used {
		l.tally(l.nth(i), epoch, 1)
	}
	l.findNextOrdinal()
}

// tally counts an entry, with by, or counts it no longer, with -by.
func (l *ledger) tally(e *entry, epoch uint32, by int32) {
	if e.barsAuth(epoch) {
		l.bars += by
	}
	switch {
	case e.awaits == awaitMulti && e.epoch == epoch:
		l.multis += by
	case e.awaits == awaitMulti:
		l.endedMultis += by
	}
}

// findNextOrdinal remembers which reply the ledger waits for.
func (l *ledger) findNextOrdinal() {
	l.nextOrdinal = math.MaxUint64
	if l.used > 0 {
		l.nextOrdinal = l.ring[l.head].ordinal
	}
}

// endEpoch is told that whatever is a MULTI now belongs to the past.
func (l *ledger) endEpoch() {
	l.bars -= l.multis
	l.endedMultis += l.multis
	l.multis = 0
}

// mayQueue reports whether the commands that follow are, or may be, queued in a transaction.
func (l *ledger) mayQueue(epoch uint32) bool { return l.confirmed == epoch || l.multis > 0 }

// barredBy returns for which of the replies to come no AUTH can be sent for some time, Renewable if
// for none.
func (l *ledger) barredBy(epoch uint32) Reason {
	if l.confirmed == epoch || l.multis > 0 {
		return BecauseMulti
	}
	if l.hasKind(awaitBlocking) {
		return BecauseBlocked
	}
	return Renewable
}

// allowsAuth reports whether an AUTH that follows is answered as one, as far as that depends on
// replies that came or are to come.
func (l *ledger) allowsAuth(epoch uint32) bool { return l.bars == 0 && l.confirmed != epoch }

// awaitsProof reports whether AUTH has to wait for the reply that says whether a command before it
// was refused. Where the client has written so much that so many replies are to come, in all, it is
// on its way.
func (l *ledger) awaitsProof(expectedReplies uint64) bool {
	for i := range l.used {
		if e := l.nth(i); e.awaits == awaitRefusal {
			return e.ordinal <= expectedReplies
		}
	}
	return false
}

// mayChangeVersion reports whether a reply that is to come may change the protocol version.
func (l *ledger) mayChangeVersion() bool {
	return l.hasKind(awaitHello) || l.hasKind(awaitClientAuth) || l.hasKind(awaitClientAsUs) || l.hasKind(awaitExec) ||
		l.hasKind(awaitDowngrade)
}

// auths returns the AUTHs of ours in flight, in their order.
func (l *ledger) auths() (all []Auth) {
	for i := range l.used {
		if e := l.nth(i); e.awaits == awaitAuth {
			all = append(all, e.auth)
		}
	}
	return all
}

// lastAuth returns the last of our AUTHs in flight, nil if there is none.
func (l *ledger) lastAuth() Auth {
	for i := l.used - 1; i >= 0; i-- {
		if e := l.nth(i); e.awaits == awaitAuth {
			return e.auth
		}
	}
	return nil
}

// hasKind reports whether there is an entry of a kind.
func (l *ledger) hasKind(what entryKind) bool {
	for i := range l.used {
		if l.nth(i).awaits == what {
			return true
		}
	}
	return false
}

// countOurs returns how many entries are for commands of ours.
func (l *ledger) countOurs() (n uint64) {
	for i := range l.used {
		if l.nth(i).isOurs() {
			n++
		}
	}
	return n
}

// firstOurs returns the first entry for a command of ours, nil if there is none.
func (l *ledger) firstOurs() *entry {
	for i := range l.used {
		if e := l.nth(i); e.isOurs() {
			return e
		}
	}
	return nil
}

// onlyAuths reports whether the ledger waits for nothing but answers to AUTHs of ours, as far as
// that can be known.
func (l *ledger) onlyAuths() bool {
	for i := range l.used {
		if e := l.nth(i); !e.isAuth() && e.awaits != awaitRefusal {
			return false
		}
	}
	return true
}
