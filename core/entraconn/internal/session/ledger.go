package session

import "github.com/entraredis/entraredis/internal/resp"

// The ledger knows which reply belongs to whom. Commands written and replies read are two counters;
// only what needs a second look when its reply comes stands in a queue, with the number of that
// reply.

// An entry waits for a reply, or for confirmations that are not replies.
type entry struct {
	at    uint64    // number of the reply, counted from 1
	auth  Auth      // for awaitAuth
	epoch uint32    // the transaction that it belongs to, see sentState.epoch
	left  int32     // for awaitSubscribed: confirmations still to come, or untilNone
	sub   resp.Kind // for awaitSubscribed: which of the six
	kind  entryKind
}

type entryKind uint8

const (
	awaitAuth       entryKind = iota // our AUTH
	awaitHello                       // says which protocol version follows; a subscriber may AUTH only in RESP3
	awaitReset                       // everything is as on a new connection
	awaitMulti                       // may have failed
	awaitDiscard                     // may have failed
	awaitSubscribed                  // confirmations in RESP3, an array in RESP2, or one error; no reply of its own
	awaitBlocking                    // may take its time
	awaitPing                        // a RESP2 subscriber's, which RESP3 answers in another way
	awaitRaise                       // our HELLO 3
	awaitLower                       // our HELLO 2
	awaitID                          // our CLIENT ID
	awaitClientAuth                  // the client logs in by itself
	awaitTakeover                    // if it succeeds, what follows are no replies
	beOpaque                         // from here on nothing is known
)

// untilNone marks an UNSUBSCRIBE without arguments: it ends when no subscription of its kind is
// left.
const untilNone = -1

// bars reports whether no AUTH may be sent while the entry waits.
func (e *entry) bars(epoch uint32) bool {
	switch e.kind {
	case awaitMulti:
		return e.epoch == epoch
	case awaitHello, awaitRaise, awaitLower, awaitSubscribed, awaitBlocking, awaitClientAuth, awaitTakeover, beOpaque:
		return true
	}
	return false
}

// unsubscribes reports whether the entry ends subscriptions.
func (e *entry) unsubscribes() bool {
	return e.sub == resp.Unsubscribe || e.sub == resp.PUnsubscribe || e.sub == resp.SUnsubscribe
}

// A ledger is a queue of entries in the order of their replies.
type ledger struct {
	ring []entry // its length is a power of two, or 0
	head int32
	len  int32
	// Of the entries in the current epoch:
	bars   int32 // how many bar AUTH
	multis int32 // how many are a MULTI
}

func (l *ledger) first() *entry {
	if l.len == 0 {
		return nil
	}
	return &l.ring[l.head]
}

func (l *ledger) nth(i int32) *entry { return &l.ring[int(l.head+i)&(len(l.ring)-1)] }

func (l *ledger) push(e entry, epoch uint32) {
	if int(l.len) == len(l.ring) {
		grown := make([]entry, max(2, 2*l.len))
		for i := range l.len {
			grown[i] = *l.nth(i)
		}
		l.ring, l.head = grown, 0
	}
	l.len++
	*l.nth(l.len - 1) = e
	l.count(&e, epoch, 1)
}

func (l *ledger) pop(epoch uint32) entry {
	e := l.ring[l.head]
	l.ring[l.head] = entry{}
	l.head = (l.head + 1) & int32(len(l.ring)-1)
	l.len--
	l.count(&e, epoch, -1)
	if l.len == 0 && e.kind == awaitAuth {
		l.ring, l.head = nil, 0 // most connections need it only for this, once in an hour
	}
	return e
}

// drop takes the last n entries back.
func (l *ledger) drop(n int32, epoch uint32) {
	for range n {
		*l.nth(l.len - 1) = entry{}
		l.len--
	}
	l.recount(epoch)
}

func (l *ledger) count(e *entry, epoch uint32, by int32) {
	if e.bars(epoch) {
		l.bars += by
	}
	if e.kind == awaitMulti && e.epoch == epoch {
		l.multis += by
	}
}

// endEpoch is told that whatever is a MULTI now belongs to the past.
func (l *ledger) endEpoch() {
	l.bars -= l.multis
	l.multis = 0
}

// recount counts anew after entries or an epoch were taken back.
func (l *ledger) recount(epoch uint32) {
	l.bars, l.multis = 0, 0
	for i := range l.len {
		l.count(l.nth(i), epoch, 1)
	}
}
