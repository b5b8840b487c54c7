package session

import "github.com/entraredis/entraredis/internal/resp"

// A commandStream is what is known of a connection from what was written to it. It is a plain
// value: a copy is a point to return to when a write turns out not to have happened.
type commandStream struct {
	expectedReplies uint64 // replies that the commands written so far give
	entries         uint32 // put into the ledger so far; it may wrap around
	// epoch counts the ends of transactions, from 1: EXEC ends one whatever happened before it. A
	// MULTI whose epoch has passed says nothing any more.
	epoch    uint32
	holding  holding
	prefix   prefix
	tracking tracking
	// upgraded: the wire speaks RESP3 below a client that speaks RESP2, see protocol.
	upgraded bool
	// queuesLogin: the transaction may hold a login of the client's, or a HELLO.
	queuesLogin bool
	scanner     resp.CommandScanner
}

// A tracking says whether what is written is looked at. CLIENT TRACKING is another thing: key tracking,
// see protocol.noteKeyTracking.
type tracking uint8

const (
	tracked           tracking = iota
	untrackedCommands          // not any more
	silent                     // not any more, and no reply to it comes: CLIENT REPLY OFF
)

// A holding says what the last bytes that the client has written wait for before they are sent.
//
//   - holdNothing: all bytes were sent.
//   - Above it they wait for the client: they begin a command of which the session must see more. The
//     value is how many they are. The scanner has taken them, so they are not scanned again. Nothing
//     else waits: the client's next write is planned together with them.
//   - Below it they wait for what the constant says, as a rule for the server. They are scanned when
//     that has come, from the start of a command. What the client writes next waits as well, see
//     HoldsBack.
//
// The caller holds the bytes, and plans them again before what comes after them.
type holding int32

const (
	holdNothing holding = 0
	holdAnswers holding = -1 // a command that waits until everything before it was answered
	// holdWhileSlicing: for the end of the call that is in slices. Without one they are ready to be sent.
	holdWhileSlicing holding = -2
	holdOurs         holding = -3 // a command that waits until what we have asked was answered, see standsAlone
	holdLogin        holding = -4 // everything, until a login that was written alone is answered
	holdReset        holding = -5 // everything, until a RESET is answered: a server may refuse it
	holdRelogin      holding = -6 // everything, until a login of ours goes out, which is at once: RESET has logged out
)

// atBoundary reports whether the bytes sent end where a command ends and the next one begins a new
// thing.
func (t *commandStream) atBoundary() bool {
	return t.tracking == tracked && t.prefix == noPrefix && (t.scanner.AtBoundary() || t.holding > holdNothing)
}

// plain reports whether an ordinary command needs nothing but to be counted.
func (t *commandStream) plain() bool { return t.prefix&skipPrefix == 0 && !t.upgraded }

// takesOrdinary reports whether ordinary commands need nothing but to be counted, and may be sent.
func (t *commandStream) takesOrdinary() bool {
	return t.holding == holdNothing && t.tracking == tracked && t.prefix == noPrefix && !t.upgraded
}

// count accounts for ordinary commands.
func (t *commandStream) count(commands uint64) {
	t.expectedReplies += commands
	t.prefix = noPrefix
}

// mustSeeWhole reports whether nothing of the unfinished command may be sent before all of it is
// there.
func (t *commandStream) mustSeeWhole(kind resp.Kind) bool {
	switch kind {
	case resp.Blocking, resp.Wait, resp.Unblock, resp.Auth, resp.HelloAuth:
		return true
	}
	return t.scanner.Undecided()
}

// holdBack leaves to the next plan what comes from a command on. The scanner begins anew with it,
// unless only the rest of an unfinished command is to come: each byte of that may come alone.
func (t *commandStream) holdBack(why holding) {
	t.holding = why
	if why < holdNothing {
		t.scanner = resp.CommandScanner{}
	}
}

// endCommand accounts for the command that the scanner has just found the end of. It returns an
// entry for the ledger if the command needs one.
//
// Inside a transaction (mayBeQueued: as far as the answers are known, or still unknown) most things
// are only queued.
func (t *commandStream) endCommand(mayBeQueued bool) (e entry, needed bool) {
	kind, argc := t.scanner.Kind(), t.scanner.Argc()
	muted := t.prefix&skipPrefix != 0
	t.prefix = t.prefix.afterCommand(kind)
	if muted {
		// Only what has one reply at most and no consequence can be muted with certainty.
		switch kind {
		case resp.Ordinary, resp.Ping, resp.Client, resp.Tracking, resp.Unblock, resp.Asking, resp.Caching:
			return entry{}, false
		}
		return t.stopTracking(), true
	}
	switch kind {
	case resp.Ping:
		if t.upgraded {
			break
		}
		t.expectedReplies++
		return entry{}, false
	case resp.Ordinary, resp.Client, resp.ReplyOn, resp.Tracking, resp.Unblock, resp.Asking, resp.Caching:
		t.expectedReplies++
		return entry{}, false
	case resp.ReplyOff:
		e = t.stopTracking()
		if !mayBeQueued {
			t.tracking = silent
		}
		return e, true
	case resp.ReplySkip, resp.NoReply:
		if mayBeQueued {
			return t.stopTracking(), true
		}
		if kind == resp.NoReply {
			return t.refusalEntry(noReplyAck), true
		}
		return t.refusalEntry(noReplySkip), true
	case resp.Exec:
		t.epoch++
		if !t.queuesLogin {
			t.expectedReplies++
			return entry{}, false
		}
		t.queuesLogin = false
	case resp.Auth, resp.Hello, resp.HelloAuth:
		t.queuesLogin = t.queuesLogin || mayBeQueued
	case resp.Subscribe, resp.PSubscribe, resp.SSubscribe, resp.Unsubscribe, resp.PUnsubscribe, resp.SUnsubscribe:
		if mayBeQueued {
			return t.stopTracking(), true
		}
		confirmations := argc - 1
		if confirmations == 0 && (kind == resp.Unsubscribe || kind == resp.PUnsubscribe || kind == resp.SUnsubscribe) {
			confirmations = untilNone
		}
		e = entry{ordinal: t.expectedReplies + 1, awaits: awaitSubscribed, commandKind: kind, outstanding: confirmations}
		return t.enter(e), true
	case resp.Monitor, resp.Sync, resp.ScriptDebug:
		if mayBeQueued {
			return t.stopTracking(), true
		}
	}
	t.expectedReplies++
	return t.enter(entry{ordinal: t.expectedReplies, awaits: awaitedBy[kind], commandKind: kind}), true
}

// awaitedBy maps the kinds of commands that get a reply and an entry to what the entry awaits. A
// kind that is missing here awaits nothing: its reply goes to the client, and it bars no AUTH.
var awaitedBy = [...]entryKind{
	resp.Auth:      awaitClientAuth,
	resp.HelloAuth: awaitClientAuth,
	resp.Hello:     awaitHello,
	resp.Reset:     awaitReset,
	resp.Multi:     awaitMulti,
	resp.Discard:   awaitDiscard,
	resp.Exec:      awaitExec, // of a transaction that may hold a login
	resp.Monitor:   awaitTakeover,
	resp.Sync:      awaitTakeover,
	// EVAL talks to a debugger after it.
	resp.ScriptDebug: awaitTakeover,
	resp.Blocking:    awaitBlocking,
	resp.Wait:        awaitBlocking,
	resp.Ping:        awaitPing,
}

// takeAuth accounts for an AUTH of ours.
func (t *commandStream) takeAuth(a Auth) entry {
	t.expectedReplies++
	return t.enter(entry{ordinal: t.expectedReplies, awaits: awaitAuth, auth: a})
}

// takeMarker accounts for the marker after an AUTH of ours.
func (t *commandStream) takeMarker(a Auth) entry {
	t.expectedReplies++
	return t.enter(entry{ordinal: t.expectedReplies, awaits: awaitMarker, auth: a})
}

// takeOurs accounts for a command of ours that is no AUTH.
func (t *commandStream) takeOurs(what entryKind) entry {
	t.expectedReplies++
	return t.enter(entry{ordinal: t.expectedReplies, awaits: what})
}

// refusalEntry returns the entry for a command that gives no reply unless the server refuses it. It
// is not in the ledger yet, because one may stand there for many such commands.
func (t *commandStream) refusalEntry(c noReply) entry {
	return entry{ordinal: t.expectedReplies + 1, awaits: awaitRefusal, unreplied: c, outstanding: 1}
}

// stopTracking gives up following what is written. Replies to all that was written before are still
// understood.
func (t *commandStream) stopTracking() entry {
	t.tracking = untrackedCommands
	return t.enter(entry{ordinal: t.expectedReplies + 1, awaits: awaitUnknown})
}

// enter makes an entry one that is put into the ledger.
func (t *commandStream) enter(e entry) entry {
	t.entries++
	e.epoch, e.number = t.epoch, t.entries
	return e
}
