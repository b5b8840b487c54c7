package entraconn

import (
	"errors"
	"math"

	"github.com/entraredis/entraredis/internal/resp"
)

// A session is the protocol state of one connection: what the host writes and what the server sends go in, what
// to pass on comes out. It does no I/O and takes no lock; Conn does all that.
//
// Its one promise: the host sees exactly the bytes that it would see if no AUTH of ours had been sent, or the
// connection ends.
type session struct {
	// What every command needs, see Conn: first that of Write.

	sliced    *slicedCall // nil until there was one
	sent      sentState
	read      uint64    // replies read so far
	next      uint64    // number of the first reply that the ledger waits for; none is math.MaxUint64
	lowering  *lowering // between our HELLO 3 and HELLO 2, else nil
	ours      bool      // the reply that is being read is the answer to our AUTH
	streaming bool      // replies are not counted any more, but frames are still told apart
	blind     bool      // what the server sends is not looked at any more
	listening bool      // the reply that is being read is collected in work.line
	owed      owed      // to the host, for a blocking command that is not sent again
	undecided byte      // the first byte of a reply to a sliced command, kept from the host until the second comes
	replies   resp.ReplyScanner

	// What few need.

	work        *work // nil while nothing of ours is under way
	ledger      ledger
	confirmed   uint32 // the epoch in which a MULTI was answered with OK, 0 for none
	proto       int8   // 2 or 3, as the last answered HELLO said
	unrenewable reason // why AUTH may never be sent again, or 0
	foreign     bool   // the host has logged in as somebody else
	unraisable  bool   // no HELLO 3 of ours goes out any more
	// staysInRESP2: the server has answered a HELLO 3 of ours, and does not speak RESP3.
	staysInRESP2 bool

	// Subscriptions in RESP3, as the server's confirmations count them.
	channels, patterns, shards int32

	id int64 // the server's number of the connection, 0 if it never said
}

// A work is what a session needs only while something of ours is under way, once in an hour.
type work struct {
	edits    []edit    // result of plan
	line     []byte    // what has been read of the answer
	verdicts []verdict // answers that the caller has not taken yet
}

// An Auth is an AUTH that a session puts between the client's commands.
type Auth interface {
	Wire() []byte // the command, encoded
	Login() bool  // whether it is the first on its connection, or follows a command that logs out
}

// A verdict is the server's answer to an AUTH of ours.
type verdict struct {
	auth    Auth
	line    string // what the server said, without type byte and CRLF; it may repeat what the AUTH said
	failure authFailure
	ok      bool
	lost    bool // it was no answer to an AUTH
}

// maxLine bounds what is kept of the server's words about an AUTH.
const maxLine = 512

// errDesync ends a connection that may have mixed up an answer of ours with one of the host's.
var errDesync = errors.New("entraconn: cannot follow the protocol while an AUTH is unanswered")

// errRefused ends a connection whose login the server did not accept; the verdict says more.
var errRefused = errors.New("entraconn: login refused")

// init makes the zero session one of a connection on which nothing was written yet.
func (s *session) init() {
	s.sent.epoch = 1
	s.proto = 2
	s.next = math.MaxUint64
}

// inMulti reports whether the commands that follow are, or may be, queued in a transaction.
func (s *session) inMulti() bool {
	return s.confirmed == s.sent.epoch || s.ledger.multis > 0
}

// mayAuth reports whether AUTH may be sent right behind what was written so far.
func (s *session) mayAuth() bool {
	return s.sent.boundary() && s.ledger.bars == 0 && s.confirmed != s.sent.epoch && s.unrenewable == renewable
}

// mayRelogin reports whether AUTH may be sent right behind a RESET. It may, unless something before it is
// unanswered after whose answer replies can perhaps not be counted any more.
func (s *session) mayRelogin() bool {
	resp2 := s.proto == 2
	for i := range s.ledger.len {
		switch s.ledger.nth(i).kind {
		case awaitTakeover, awaitHostAuth:
			return false
		case awaitHello, awaitRaise, awaitLower:
			return false
		case awaitReset:
			resp2 = true
		case awaitSubscribed:
			if resp2 { // its confirmations are replies, and replies are not counted after them
				return false
			}
		}
	}
	return s.unrenewable == renewable
}

// outstandingAuths returns the AUTHs of ours that are unanswered.
func (s *session) outstandingAuths() (all []Auth) {
	for i := range s.ledger.len {
		if e := s.ledger.nth(i); e.kind == awaitAuth {
			all = append(all, e.auth)
		}
	}
	return all
}

// authOutstanding reports whether an AUTH of ours is unanswered.
func (s *session) authOutstanding() bool { return s.awaits(awaitAuth) }

// oursOutstanding reports whether anything of ours is unanswered.
func (s *session) oursOutstanding() bool {
	return s.authOutstanding() || s.awaits(awaitRaise) || s.awaits(awaitLower)
}

// awaits reports whether the ledger has an entry of a kind.
func (s *session) awaits(kind entryKind) bool {
	for i := range s.ledger.len {
		if s.ledger.nth(i).kind == kind {
			return true
		}
	}
	return false
}

// onlyAuths reports whether the ledger waits for nothing but answers to AUTHs of ours.
func (s *session) onlyAuths() bool {
	for i := range s.ledger.len {
		if s.ledger.nth(i).kind != awaitAuth {
			return false
		}
	}
	return true
}

// quiet reports whether the server has answered everything, so that it has read everything, and nothing is held back
// that waited for that.
func (s *session) quiet() bool {
	return s.read == s.sent.replies && s.ledger.len == 0 && !s.holdsBack()
}

// nextAuth returns the AUTH of ours whose answer is the next reply, nil if the client waits for another one before.
func (s *session) nextAuth() Auth {
	e := s.ledger.first()
	if e != nil && e.kind == awaitAuth && e.at == s.read+1 && (s.ours || s.replies.AtBoundary()) {
		return e.auth
	}
	return nil
}

// clientID returns the server's number of the connection, by which CLIENT UNBLOCK knows it; 0 if it never said.
func (s *session) clientID() int64 { return s.id }

// mayRetire reports whether the connection, which can never be renewed, may end now without the client missing
// anything: nothing is outstanding, or nothing but an XREAD from the end of a stream. A connection whose client has
// logged in itself belongs to the client.
func (s *session) mayRetire() bool {
	_, forever := s.barredBy()
	return !s.foreign && (forever && s.settled() || s.tailing())
}

// stayInRESP2 keeps the session from asking the server for RESP3.
func (s *session) stayInRESP2() { s.unraisable = true }

// takeStaysInRESP2 reports, once, that the server has answered a HELLO 3 of ours and does not speak RESP3.
func (s *session) takeStaysInRESP2() (stays bool) {
	stays, s.staysInRESP2 = s.staysInRESP2, false
	return stays
}

// settled reports whether nothing is outstanding in either direction, as far as that can be known.
func (s *session) settled() bool {
	switch {
	case s.blind, !s.replies.AtBoundary():
		return false
	case s.sent.blind:
		return s.sent.silent && s.read == s.sent.replies
	case !s.sent.scan.AtBoundary(), s.sent.holding != holdNothing:
		return false
	}
	return s.streaming || s.quiet()
}

// takeVerdicts returns the answers to our AUTHs that have come since the last time.
func (s *session) takeVerdicts() (all []verdict) {
	if s.work == nil {
		return nil
	}
	all, s.work.verdicts = s.work.verdicts, nil
	if len(all) > 0 && !s.listening && !s.authOutstanding() {
		s.work = nil
	}
	return all
}

// look remembers which reply the ledger waits for.
func (s *session) look() {
	s.next = math.MaxUint64
	if e := s.ledger.first(); e != nil {
		s.next = e.at
	}
}
