package session

import (
	"errors"
	"math"

	"github.com/entraredis/entraredis/internal/resp"
)

// A Session is the protocol state of one connection. Its methods may not be called at the same
// time. The zero Session needs Init.
type Session struct {
	// What every command needs: first that of a write, then that of a read, in as few lines of the
	// cache as possible.

	leased    *leasedCall // nil until there was one
	sent      sentState
	read      uint64    // replies read so far
	next      uint64    // number of the first reply that the ledger waits for; none is math.MaxUint64
	lowering  *lowering // between our HELLO 3 and HELLO 2, else nil
	ours      bool      // the reply that is being read is the answer to our AUTH
	streaming bool      // replies are not counted any more, but frames are still told apart
	blind     bool      // what the server sends is not looked at any more
	listening bool      // the reply that is being read is collected in work.line
	replies   resp.ReplyScanner

	// What few need.

	work        *work // nil while nothing of ours is under way
	ledger      ledger
	confirmed   uint32 // the epoch in which a MULTI was answered with OK, 0 for none
	proto       int8   // 2 or 3, as the last answered HELLO said
	unrenewable Reason // why AUTH may never be sent again, or 0
	foreign     bool   // the client has logged in as another user
	unraisable  bool   // no HELLO 3 of ours goes out any more
	// staysInRESP2: the server has answered a HELLO 3 of ours, and does not speak RESP3.
	staysInRESP2 bool
	nameless     bool // the server has not told its number of the connection when asked

	// Subscriptions in RESP3, as the server's confirmations count them.
	channels, patterns, shards int32

	id int64 // the server's number of the connection, 0 if it never said
}

// A work is what a session needs only while something of ours is under way, once in an hour.
type work struct {
	edits    []Edit    // result of plan
	unblocks []Unblock // in what was planned
	line     []byte    // what has been read of the answer
	verdicts []Verdict // answers that the caller has not taken yet
}

// An Auth is an AUTH of ours, which a Session puts between the client's commands. A Session
// compares no two of them and gives them back as they are: in edits, and in verdicts.
type Auth interface {
	Wire() []byte // the command, encoded
	Login() bool  // whether it is the first on its connection, or follows a command that logs out
}

// A Verdict is the server's answer to an AUTH of ours.
type Verdict struct {
	Auth Auth
	OK   bool // the server has accepted it
	// Lost: what stood in the answer's place was none, so the connection ends with ErrDesync.
	Lost bool
	// Line is the server's error, without type byte and CRLF, of which the first 512 bytes are
	// kept. It may repeat the arguments of AUTH, the token among them. It is empty if OK or Lost.
	Line    string
	Failure AuthFailure // what the error means
}

// maxLine bounds what is kept of the server's words about an AUTH.
const maxLine = 512

// ErrDesync says that the answer to an AUTH of ours cannot be told from the client's replies any
// more. The connection must be closed at once, so that the server runs nothing of what was written.
var ErrDesync = errors.New("entraconn: cannot follow the protocol while an AUTH is unanswered")

// errRefused ends a connection whose login the server did not accept; the verdict says more.
var errRefused = errors.New("entraconn: login refused")

// Init makes the zero Session that of a new connection, which speaks RESP2.
func (s *Session) Init() {
	s.sent.epoch = 1
	s.proto = 2
	s.next = math.MaxUint64
}

// inMulti reports whether the commands that follow are, or may be, queued in a transaction.
func (s *Session) inMulti() bool {
	return s.confirmed == s.sent.epoch || s.ledger.multis > 0
}

// MayAuth reports whether AUTH may be sent right after what was written so far. Where it may not, and
// not only until a command ends or a reply comes that is on its way, BarredBy says why.
func (s *Session) MayAuth() bool {
	return s.sent.boundary() && s.ledger.bars == 0 && s.confirmed != s.sent.epoch && s.unrenewable == Renewable
}

// mayRelogin reports whether AUTH may be sent right behind a RESET. It may, unless something before
// it is unanswered after whose answer replies can perhaps not be counted any more.
func (s *Session) mayRelogin() bool {
	resp2 := s.proto == 2
	for i := range s.ledger.len {
		switch s.ledger.nth(i).kind {
		case awaitTakeover, awaitClientAuth:
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
	return s.unrenewable == Renewable
}

// OutstandingAuths returns the AUTHs of ours in flight, in their order.
func (s *Session) OutstandingAuths() (all []Auth) {
	for i := range s.ledger.len {
		if e := s.ledger.nth(i); e.kind == awaitAuth {
			all = append(all, e.auth)
		}
	}
	return all
}

// AuthOutstanding reports whether an AUTH of ours is in flight.
func (s *Session) AuthOutstanding() bool { return s.awaits(awaitAuth) }

// oursOutstanding reports whether anything of ours is unanswered.
func (s *Session) oursOutstanding() bool {
	return s.AuthOutstanding() || s.awaits(awaitRaise) || s.awaits(awaitLower) || s.awaits(awaitID)
}

// awaits reports whether the ledger has an entry of a kind.
func (s *Session) awaits(kind entryKind) bool {
	for i := range s.ledger.len {
		if s.ledger.nth(i).kind == kind {
			return true
		}
	}
	return false
}

// onlyAuths reports whether the ledger waits for nothing but answers to AUTHs of ours.
func (s *Session) onlyAuths() bool {
	for i := range s.ledger.len {
		if s.ledger.nth(i).kind != awaitAuth {
			return false
		}
	}
	return true
}

// Idle reports whether the server has answered everything, so that it has read everything, and
// nothing that the client writes must wait for a reply.
func (s *Session) Idle() bool {
	return s.read == s.sent.replies && s.ledger.len == 0 && !s.HoldsBack()
}

// NextAuth returns the AUTH of ours whose answer is the next reply, nil if there is none or the
// client waits for a reply that comes before.
func (s *Session) NextAuth() Auth {
	e := s.ledger.first()
	if e != nil && e.kind == awaitAuth && e.at == s.read+1 && (s.ours || s.replies.AtBoundary()) {
		return e.auth
	}
	return nil
}

// ClientID returns the server's number of the connection, by which CLIENT UNBLOCK knows it; 0 if it
// never said.
func (s *Session) ClientID() int64 { return s.id }

// MayRetire reports whether the connection cannot be renewed, and may end now without the client
// missing anything: no AUTH is possible any more and nothing is in flight in either direction, or
// nothing but an XREAD from the end of a stream. A connection whose client has logged in itself is
// the client's, and never retires.
func (s *Session) MayRetire() bool {
	_, forever := s.BarredBy()
	return !s.foreign && (forever && s.settled() || s.tailing())
}

// StayInRESP2 keeps the session from asking the server for RESP3, so a subscription of a RESP2
// client is one in RESP2. It is for new connections to a server of which TakeStaysInRESP2 has
// reported true.
func (s *Session) StayInRESP2() { s.unraisable = true }

// TakeStaysInRESP2 reports, once, that the server has answered a HELLO 3 of ours and does not speak
// RESP3.
func (s *Session) TakeStaysInRESP2() (stays bool) {
	stays, s.staysInRESP2 = s.staysInRESP2, false
	return stays
}

// settled reports whether nothing is outstanding in either direction, as far as that can be known.
func (s *Session) settled() bool {
	switch {
	case s.blind, !s.replies.AtBoundary():
		return false
	case s.sent.blind:
		return s.sent.silent && s.read == s.sent.replies
	case !s.sent.scan.AtBoundary(), s.sent.holding != holdNothing:
		return false
	}
	return s.streaming || s.Idle()
}

// TakeVerdicts returns the answers to our AUTHs that have come since it was last called, in their
// order. It is to be called after each Received.
func (s *Session) TakeVerdicts() (all []Verdict) {
	if s.work == nil {
		return nil
	}
	all, s.work.verdicts = s.work.verdicts, nil
	if len(all) > 0 && !s.listening && !s.AuthOutstanding() {
		s.work = nil
	}
	return all
}

// look remembers which reply the ledger waits for.
func (s *Session) look() {
	s.next = math.MaxUint64
	if e := s.ledger.first(); e != nil {
		s.next = e.at
	}
}
