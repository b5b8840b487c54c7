package session

import "github.com/entraredis/entraredis/internal/resp"

// A commandStream is what is known of a connection from what was written to it. It is a plain
// value: a copy is a point to return to when a write turns out not to have happened.
type commandStream struct {
	expectedReplies uint64 // replies that the commands written so far give
	entries         uint32 // put into the ledger so far; it may wrap around
	// epoch counts the ends of transactions, from 1: EXEC ends one whatever happened before it. A
	// MULTI whose epoch has passed says nothing any more.
	epoch uint32
	// prefix: the last command modifies the next one, nothing may come between.
	prefix bool
	// mute: the next command gives no reply, because of CLIENT REPLY SKIP.
	mute bool
	// untracked: what is written is not looked at any more.
	untracked bool
	// upgraded: the wire speaks RESP3 below a client that speaks RESP2, see protocol.
	upgraded bool
	// holding: why the last bytes of the client were not sent yet.
	holding holding
	// silent: because of CLIENT REPLY OFF, so no reply is outstanding to what came after it.
	silent bool
	// tracks: the client has tracked keys, so invalidations may come on the connection itself.
	tracks bool
	// queuesLogin: the transaction may hold a login of the client's, or a HELLO.
	queuesLogin bool
	scanner     resp.CommandScanner
}

// A holding says why the last bytes that the client has written were not sent yet. From holdLogin on
// they wait for the server, and so does what the client writes next, see HoldsBack. Before that, its
// next write completes them.
type holding uint8

const (
	holdNothing    holding = iota
	holdUnfinished         // what a command is must be known before its first byte is sent
	holdLogin              // everything, until a login that was written alone is answered
	holdReset              // everything, until a RESET is answered: a server may refuse it
	holdRelogin            // everything, until a login of ours goes out: RESET has logged out
	holdAnswers            // a command that waits until everything before it was answered
	holdAuths              // a command that waits until our AUTHs were answered, see standsAlone
	holdBehind             // what comes after a blocking command
)

// atBoundary reports whether the bytes written end where a command ends and the next one begins a
// new thing.
func (t *commandStream) atBoundary() bool {
	return !t.untracked && !t.prefix && !t.mute && t.scanner.AtBoundary()
}

// plain reports whether an ordinary command needs nothing but to be counted.
func (t *commandStream) plain() bool { return !t.mute && !t.upgraded }

// takesOrdinary reports whether ordinary commands need nothing but to be counted, and may be sent.
func (t *commandStream) takesOrdinary() bool {
	return t.holding == holdNothing && !t.untracked && !t.prefix && !t.mute && !t.upgraded
}

// count accounts for ordinary commands.
func (t *commandStream) count(commands uint64) {
	t.expectedReplies += commands
	t.prefix = false
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

// holdBack forgets that a part of a command was looked at, which is to come again.
func (t *commandStream) holdBack(why holding) {
	t.scanner = resp.CommandScanner{}
	t.holding = why
}

// endCommand accounts for the command that the scanner has just found the end of. It returns an
// entry for the ledger if the command needs one.
//
// Inside a transaction (mayBeQueued: as far as the answers are known, or still unknown) most things
// are only queued.
func (t *commandStream) endCommand(mayBeQueued bool) (e entry, needed bool) {
	kind, argc := t.scanner.Kind(), t.scanner.Argc()
	t.prefix = false
	if t.mute {
		// Only what has one reply at most and no consequence can be muted with certainty.
		t.mute = kind == resp.ReplySkip
		switch kind {
		case resp.Ordinary, resp.Ping, resp.Unblock, resp.ReplySkip, resp.Asking, resp.Caching:
		case resp.Tracking:
			t.tracks = true
		default:
			return t.stopTracking(), true
		}
		t.prefix = kind == resp.Asking || kind == resp.Caching
		return entry{}, false
	}
	switch kind {
	case resp.Ping:
		if t.upgraded {
			break
		}
		t.expectedReplies++
		return entry{}, false
	case resp.Ordinary, resp.Unblock:
		t.expectedReplies++
		return entry{}, false
	case resp.Tracking:
		t.expectedReplies++
		t.tracks = true
		return entry{}, false
	case resp.Asking, resp.Caching:
		t.expectedReplies++
		t.prefix = true
		return entry{}, false
	case resp.ReplyOff:
		t.silent = !mayBeQueued
		return t.stopTracking(), true
	case resp.ReplySkip:
		if mayBeQueued {
			return t.stopTracking(), true
		}
		t.mute = true
		return entry{}, false
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
		e = entry{ordinal: t.expectedReplies + 1, awaits: awaitSubscribed, commandKind: kind, confirmations: confirmations}
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

// takeOurs accounts for a command of ours that is no AUTH.
func (t *commandStream) takeOurs(what entryKind) entry {
	t.expectedReplies++
	return t.enter(entry{ordinal: t.expectedReplies, awaits: what})
}

// stopTracking gives up following what is written. Replies to all that was written before are still
// understood.
func (t *commandStream) stopTracking() entry {
	t.untracked = true
	return t.enter(entry{ordinal: t.expectedReplies + 1, awaits: awaitUnknown})
}

// enter makes an entry one that is put into the ledger.
func (t *commandStream) enter(e entry) entry {
	t.entries++
	e.epoch = t.epoch
	return e
}
