package session

import "github.com/entraredis/entraredis/internal/resp"

// A sentState is what is known of a connection from what was written to it. It is a plain value: a
// copy is a point to return to when a write turns out not to have happened.
type sentState struct {
	replies uint64 // that the commands written so far give
	entries uint32 // put into the ledger so far; it may wrap around
	// epoch counts the ends of transactions, from 1: EXEC ends one whatever happened before it. A
	// MULTI whose epoch has passed says nothing any more.
	epoch uint32
	// prefix: the last command modifies the next one, nothing may come between.
	prefix bool
	// mute: the next command gives no reply, because of CLIENT REPLY SKIP.
	mute bool
	// blind: what is written is not looked at any more.
	blind bool
	// raised: the wire speaks RESP3 below a client that speaks RESP2, see raise.go.
	raised bool
	// holding: why the last bytes of the client were not sent yet.
	holding holding
	// silent: because of CLIENT REPLY OFF, so no reply is outstanding to what came after it.
	silent bool
	scan   resp.CommandScanner
}

// boundary reports whether the bytes written end where a command ends and the next one begins a new
// thing.
func (t *sentState) boundary() bool {
	return !t.blind && !t.prefix && !t.mute && t.scan.AtBoundary()
}

// plain reports whether an ordinary command needs nothing but to be counted.
func (t *sentState) plain() bool { return !t.mute && !t.raised }

// take accounts for the command that the scanner has just found the end of. It returns an entry for
// the ledger if the command needs one, and whether AUTH has to follow directly, because the command
// logs out.
//
// Inside a transaction (inMulti: as far as the answers are known, or still unknown) most things are
// only queued.
func (t *sentState) take(inMulti bool) (e entry, needed, logsOut bool) {
	kind, argc := t.scan.Kind(), t.scan.Argc()
	t.prefix = false
	if t.mute {
		// Only what has one reply at most and no consequence can be muted with certainty.
		t.mute = kind == resp.ReplySkip
		switch kind {
		case resp.Ordinary, resp.Ping, resp.Unblock, resp.ReplySkip, resp.Asking, resp.Caching:
		default:
			return t.goBlind()
		}
		t.prefix = kind == resp.Asking || kind == resp.Caching
		return entry{}, false, false
	}
	switch kind {
	case resp.Ping:
		if t.raised {
			break
		}
		t.replies++
		return entry{}, false, false
	case resp.Ordinary, resp.Unblock:
		t.replies++
		return entry{}, false, false
	case resp.Asking, resp.Caching:
		t.replies++
		t.prefix = true
		return entry{}, false, false
	case resp.ReplyOff:
		t.silent = !inMulti
		return t.goBlind()
	case resp.ReplySkip:
		if inMulti {
			return t.goBlind()
		}
		t.mute = true
		return entry{}, false, false
	case resp.Exec:
		t.replies++
		t.epoch++
		return entry{}, false, false
	case resp.Subscribe, resp.PSubscribe, resp.SSubscribe, resp.Unsubscribe, resp.PUnsubscribe, resp.SUnsubscribe:
		if inMulti {
			return t.goBlind()
		}
		left := argc - 1
		if left == 0 && (kind == resp.Unsubscribe || kind == resp.PUnsubscribe || kind == resp.SUnsubscribe) {
			left = untilNone
		}
		return t.entry(entry{at: t.replies + 1, kind: awaitSubscribed, sub: kind, left: left})
	case resp.Hello, resp.Monitor, resp.Sync:
		if inMulti {
			return t.goBlind()
		}
	case resp.Reset:
		t.epoch++
		t.raised = false
		logsOut = true
	}
	t.replies++
	e, needed, _ = t.entry(entry{at: t.replies, kind: awaits[kind]})
	return e, needed, logsOut
}

// awaits maps the kinds of commands that get a reply and an entry to the kind of the entry.
var awaits = [...]entryKind{
	resp.Auth:      awaitClientAuth,
	resp.HelloAuth: awaitClientAuth,
	resp.Hello:     awaitHello,
	resp.Reset:     awaitReset,
	resp.Multi:     awaitMulti,
	resp.Discard:   awaitDiscard,
	resp.Monitor:   awaitTakeover,
	resp.Sync:      awaitTakeover,
	resp.Blocking:  awaitBlocking,
	resp.Wait:      awaitBlocking,
	resp.Ping:      awaitPing,
}

// takeAuth accounts for an AUTH of ours.
func (t *sentState) takeAuth(a Auth) entry {
	t.replies++
	e, _, _ := t.entry(entry{at: t.replies, kind: awaitAuth, auth: a})
	return e
}

// goBlind gives up following what is written. Replies to all that was written before are still
// understood.
func (t *sentState) goBlind() (entry, bool, bool) {
	t.blind = true
	return t.entry(entry{at: t.replies + 1, kind: beOpaque})
}

func (t *sentState) entry(e entry) (entry, bool, bool) {
	t.entries++
	e.epoch = t.epoch
	return e, true, false
}
