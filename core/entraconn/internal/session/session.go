package session

import (
	"slices"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
)

// A Session is the protocol state of one connection. Its methods may not be called at the same
// time. The zero Session needs Init.
//
// Each part of it is a type that knows one thing. A planner takes what the client writes, and a
// receiver what the server sends.
type Session struct {
	// What every command needs: first that of a write, then that of a read, in as few lines of the
	// cache as possible.

	leased        *leasedCall // nil before the first blocking command
	commandStream commandStream
	replyStream   replyStream
	ledger        ledger

	// What few need.

	scratch            scratch
	clientNumber       clientNumber
	subscriptionCounts subscriptionCounts
	protocol           protocol
	clientLogin        ClientLogin
	unrenewable        Reason // why AUTH may never be sent again, or Renewable
}

// Init makes the zero Session that of a new connection, which speaks RESP2. With onlyRESP2 it does
// not ask the server for RESP3, so a subscription of a RESP2 client is one in RESP2. That is for a
// server of which TakeAnswers has reported it.
func (s *Session) Init(onlyRESP2 bool) {
	s.commandStream.epoch = 1
	s.protocol.version = 2
	if onlyRESP2 {
		s.protocol.upgrades = neverUpgrades
	}
	s.ledger.findNextOrdinal()
}

// ClientNumber returns the server's number of the connection, by which CLIENT UNBLOCK knows it; 0 if it
// never said.
func (s *Session) ClientNumber() int64 {
	if s.clientNumber == numberRefused {
		return 0
	}
	return int64(s.clientNumber)
}

// Writing

// TakeOrdinary is Plan for p that needs nothing but to be counted, as nearly all does, where no
// AUTH is wanted. It returns how many commands p is, 0 if it is a part of a long one. If ok is
// false, nothing was accounted for.
func (s *Session) TakeOrdinary(p []byte) (commands uint64, ok bool) {
	t := &s.commandStream
	if !t.takesOrdinary() || s.leased.leaseState() >= lease.Waiting {
		return 0, false
	}
	if t.scanner.Within(len(p)) {
		return 0, true
	}
	n, commands := t.scanner.Ordinary(p)
	if n < len(p) {
		return 0, false
	}
	t.expectedReplies += commands
	return commands, true
}

// Plan accounts for p, which the client is about to write, and returns how it must be changed.
// wanted, if it is not nil, goes to the first place where AUTH may go. After a RESET, what relogin
// returns goes before p instead. The protocol version changes around subscriptions, see protocol, and
// blocking commands get shorter timeouts, see leasedCall.
//
// The first taken bytes of p are to be written with these edits, and those after them held back:
// they are the start of the next p, once Ready reports true or the client writes more. Those of a
// command that is not complete were scanned, and are not scanned again. The edits
// are in order, do not overlap, and are valid until the next call.
//
// unblocks is each CLIENT UNBLOCK in what was taken. The sessions of the connections that they are
// for must be told with TakeUnblock before a byte of it goes out.
func (s *Session) Plan(
	p []byte, wanted Auth, relogin func() Auth, env Environment,
) (edits []Edit, unblocks []Unblock, taken int) {
	s.scratch.forgetEdits()
	w := planner{s: s, p: p, env: env, commandStart: -1}
	edits, taken = w.plan(wanted, relogin)
	return edits, s.scratch.takeUnblocks(), taken
}

// MayAuth reports whether AUTH may be sent right after what was written so far. Where it may not,
// and not only until a command ends or a reply comes that is on its way, BarredBy says why.
func (s *Session) MayAuth() bool {
	t, l := &s.commandStream, &s.ledger
	return t.atBoundary() && l.allowsAuth(t.epoch) && !l.awaitsProof(t.expectedReplies) && s.unrenewable == Renewable &&
		!s.replyStream.listens
}

// BarredBy returns why no AUTH can be sent for some time or for ever. It returns Renewable where
// AUTH can be sent, or as soon as a command ends or a reply comes that is on its way.
func (s *Session) BarredBy() (why Reason, forever bool) {
	switch {
	case s.unrenewable != Renewable:
		return s.unrenewable, true
	case s.commandStream.tracking == silent:
		return BecauseSilent, true
	case s.commandStream.tracking == untrackedCommands:
		return BecauseUnknown, true
	case s.replyStream.listens:
		return BecauseSubscriber, false
	}
	return s.ledger.barredBy(s.commandStream.epoch), false
}

// AddAuth accounts for an AUTH that is about to be written alone, after all that was written so
// far, and returns what is to be written: it holds a token. MayAuth must report true before. After
// a login everything waits for the answer, see AwaitsLogin.
func (s *Session) AddAuth(a Auth) (alone []byte) {
	marker := s.addAuth(a)
	if a.Login() {
		s.commandStream.holding = holdLogin
	}
	return slices.Concat(a.Wire(), marker)
}

// addAuth accounts for an AUTH, and for the marker that must follow it, if any.
func (s *Session) addAuth(a Auth) (marker []byte) {
	needed := s.needsMarker(a)
	s.ledger.push(s.commandStream.takeAuth(a), s.commandStream.epoch)
	if !needed {
		return nil
	}
	s.ledger.push(s.commandStream.takeMarker(a), s.commandStream.epoch)
	return authMarker
}

// needsMarker reports whether a marker must follow an AUTH: the server may have something else to
// send when it refuses the AUTH. That may be a reply and, in RESP3, a push. A login comes first.
func (s *Session) needsMarker(a Auth) bool {
	unanswered := s.ledger.used > 0 || s.replyStream.readReplies != s.commandStream.expectedReplies
	return !a.Login() && (unanswered || s.protocol.version == 3)
}

// Mark returns where the connection is, for Retract.
func (s *Session) Mark() Mark { return Mark{s.commandStream} }

// Retract takes back all that Plan, AddAuth and TakeOrdinary have accounted for since a mark,
// because not a byte of it was written.
func (s *Session) Retract(mark *Mark) {
	s.ledger.dropAfter(mark.stream.entries, mark.stream.epoch)
	if s.leased != nil {
		s.leased.retract(mark.stream.expectedReplies)
	}
	s.commandStream = mark.stream
}

// Holding back

// HoldsBack reports whether what the client writes now must wait for a reply. If so, it is to be
// held back and HoldMore called instead of Plan. Where AwaitsLogin reports true, it must not be taken
// from the client at all.
func (s *Session) HoldsBack() bool {
	return s.commandStream.holding < holdNothing || s.Slicing()
}

// AwaitsLogin reports whether a login that was written alone is in flight.
func (s *Session) AwaitsLogin() bool { return s.commandStream.holding == holdLogin }

// HoldMore accounts for bytes that the client has written and that are held back after those that
// Plan did not take, if there are any. If these wait for the server, so do the bytes after them.
func (s *Session) HoldMore() {
	if s.commandStream.holding >= holdNothing {
		s.commandStream.holding = holdWhileSlicing
	}
}

// Ready reports whether what is held back can be planned now, and before that what NextSlice
// returns: a slice has ended or questions were answered, or the call that the bytes after it waited for
// is over, or what a command waited for was answered. Where replies are not counted any more, a command
// waits for none.
func (s *Session) Ready() bool {
	switch state := s.leased.leaseState(); {
	case state >= lease.Waiting:
		return state == lease.BetweenSlices
	case s.commandStream.holding == holdAnswers:
		return s.drained() && state != lease.Replying || s.unrenewable != Renewable
	case s.commandStream.holding == holdOurs:
		return s.ledger.countOurs() == 0
	case s.commandStream.holding == holdReset:
		return s.unrenewable != Renewable
	}
	return s.commandStream.holding == holdWhileSlicing || s.commandStream.holding == holdRelogin
}

// Slicing reports whether a blocking command is being sent in slices, or waits for the answers to
// questions of ours before the first one: what the client writes after it is held back.
func (s *Session) Slicing() bool { return s.leased.leaseState() >= lease.Waiting }

// SliceEnd returns when the server should end the slice, or answer such questions, zero if neither is
// under way.
func (s *Session) SliceEnd() time.Time { return s.leased.sliceEnd() }

// SliceOverdue reports whether the server should have ended a slice or answered questions by now, and
// that was not received: the client does not read.
func (s *Session) SliceOverdue(now time.Time) bool {
	end := s.SliceEnd()
	return !end.IsZero() && now.After(end)
}

// NextSlice returns the command whose slice has ended, with what is left of its timeout, or whose
// questions were answered. It is to be planned as if the client were writing it now, before what is
// held back. It is for when Ready reports true, and returns nil if there is no such command.
func (s *Session) NextSlice(env Environment) (command []byte) {
	if s.leased.leaseState() < lease.Waiting {
		return nil
	}
	return s.leased.resend(env.Now())
}

// TakeUnblock is told that another connection is about to send a CLIENT UNBLOCK for this one. Where
// the server has nothing to unblock, because it comes between two slices, the next Received gives
// the client what the server would have said. wake reports whether the client's read is to return
// for that: it is not inside of a push.
func (s *Session) TakeUnblock(u Unblock) (wake bool) {
	return s.leased.takeUnblock(u) && s.replyStream.frames.AtBoundary()
}

// HasPendingReply reports whether the client is to get a reply that the server did not send. The
// next Received gives it, with an empty p too, unless a push was read in part.
func (s *Session) HasPendingReply() bool { return s.leased.leaseState() == lease.Replying }

// Reading

// TakeExpected is Received for the replies at the start of p that commands of the client were to
// get, which need no closer look. It returns how many bytes they are, and they stay where they are.
// Received must be called for the rest, if there is one or HasPendingReply reports true.
func (s *Session) TakeExpected(p []byte) (n int) {
	t := &s.replyStream
	switch {
	case t.attention >= untracked, s.commandStream.holding != holdNothing, s.HasPendingReply():
		return 0
	case t.frames.AtBoundary():
		t.withheld, t.collecting = false, false
	case t.withheld, t.collecting:
		return 0
	}
	return s.takeExpected(p)
}

// takeExpected takes the replies at the start of p that commands of the client were to get, and
// pushes, which need no second look unless they confirm something.
func (s *Session) takeExpected(p []byte) (n int) {
	if s.commandStream.upgraded { // a push before the answer to our HELLO 3 begins the translation
		return 0
	}
	return s.replyStream.takePlain(p, min(s.ledger.nextOrdinal-1, s.commandStream.expectedReplies))
}

// Received takes what the server sent, of which TakeExpected took the first bytes. What is for the
// client is left at the start of p, in order and without a gap, and kept is its length; after is
// what comes after that and found no room in p. Answers to our AUTHs become verdicts.
//
// After an error nothing of the connection can be trusted but what was left for the client. It is
// ErrDesync, or another one where the server has refused the login: the verdict on that says more.
func (s *Session) Received(p []byte, taken int, env Environment) (kept int, after []byte, err error) {
	if s.replyStream.attention == discarded {
		return taken, nil, nil
	}
	r := receiver{s: s, outlet: outlet{p: p, kept: taken}, env: env}
	err = r.receive(taken)
	return r.outlet.kept, r.outlet.after, err
}

// Answers are what the server has said since the last TakeAnswers. Verdicts come first: what
// ClientLogin says is newer.
type Answers struct {
	Verdicts       []Verdict   // on AUTHs of ours, in their order
	OnlyRESP2      bool        // the server has answered a HELLO 3 of ours and stays in RESP2
	HelloForbidden bool        // it does so because the user may not send HELLO
	ClientLogin    ClientLogin // the client has logged in by itself
	// StreamEndForbidden: the user may not ask where a stream ends. Each such question is an entry in the
	// server's ACL LOG.
	StreamEndForbidden bool
}

// TakeAnswers returns each answer once. It is to be called after each Received.
func (s *Session) TakeAnswers() Answers {
	verdicts := s.scratch.takeVerdicts()
	if len(verdicts) > 0 && !s.replyStream.collecting && !s.AuthInFlight() {
		s.scratch.discard()
	}
	only, forbidden := s.protocol.takeReport()
	return Answers{
		Verdicts: verdicts, OnlyRESP2: only, HelloForbidden: forbidden, ClientLogin: s.clientLogin.takeNews(),
		StreamEndForbidden: s.leased.takeForbidden(),
	}
}

// AUTHs in flight, and when nothing is

// hasSubscriptions reports whether there are subscriptions, or may be as soon as the server has
// answered.
func (s *Session) hasSubscriptions() bool {
	return s.subscriptionCounts.exist() || s.ledger.hasKind(awaitSubscribed)
}

// AuthInFlight reports whether an AUTH of ours is in flight, or the marker after it.
func (s *Session) AuthInFlight() bool {
	return s.ledger.hasKind(awaitAuth) || s.ledger.hasKind(awaitMarker)
}

// AuthsInFlight returns the AUTHs of ours that were not answered, in their order.
func (s *Session) AuthsInFlight() (all []Auth) { return s.ledger.auths() }

// NextAuth returns the AUTH of ours whose answer, or that to its marker, is the next reply, nil if
// there is none or the client waits for a reply that comes before.
func (s *Session) NextAuth() Auth {
	e := s.ledger.firstReply()
	t := &s.replyStream
	if e != nil && e.isAuth() && e.ordinal == t.readReplies+1 && (t.withheld || t.frames.AtBoundary()) {
		return e.auth
	}
	return nil
}

// HandshakeReplies returns how many replies the client waits for, if it has written a HELLO and
// more at once and has no reply to that HELLO yet. Otherwise it returns 0.
func (s *Session) HandshakeReplies() int {
	n := s.commandStream.expectedReplies - s.replyStream.readReplies - s.ledger.countOurs()
	if n < 2 || !s.ledger.hasKind(awaitHello) {
		return 0
	}
	return int(n)
}

// Idle reports whether the server has answered everything, so that it has read everything, and
// nothing that the client writes must wait for a reply.
func (s *Session) Idle() bool {
	return s.replyStream.readReplies == s.commandStream.expectedReplies && s.ledger.certainReplies() == 0 && !s.HoldsBack()
}

// drained reports whether the server has answered everything but AUTHs of ours.
func (s *Session) drained() bool {
	return s.ledger.onlyAuths() && s.replyStream.readReplies+uint64(s.ledger.certainReplies()) == s.commandStream.expectedReplies
}

// onlyOursInFlight reports whether the server has answered everything that the client has written.
func (s *Session) onlyOursInFlight() bool {
	n := s.ledger.countOurs()
	return int32(n) == s.ledger.certainReplies() && s.replyStream.readReplies+n == s.commandStream.expectedReplies
}

// Retire reports whether MayRetire does. If so, the next Received gives nothing more to the client, who
// is not to read the start of a reply that comes at that moment.
func (s *Session) Retire() bool {
	if s.MayRetire() {
		s.replyStream.attention = discarded
	}
	return s.replyStream.attention == discarded
}

// MayRetire reports whether the connection cannot be renewed, and may end now without the client
// missing anything: the reason for that retires it and nothing is in flight in either direction, or
// nothing but a blocking command that is not sent in slices and takes nothing with it. A connection
// whose client has logged in as another user is the client's, and never retires.
func (s *Session) MayRetire() bool {
	why, _ := s.BarredBy()
	return !s.clientLogin.isForeign() && (why.Retires() && s.noneInFlight() || s.waitsUnsliced())
}

// noneInFlight reports whether nothing is in flight in either direction, as far as that can be
// known.
func (s *Session) noneInFlight() bool {
	switch {
	case s.replyStream.attention >= untracked, !s.replyStream.frames.AtBoundary():
		return false
	case s.commandStream.tracking != tracked:
		return s.commandStream.tracking == silent && s.replyStream.readReplies == s.commandStream.expectedReplies
	case !s.commandStream.scanner.AtBoundary(), s.commandStream.holding != holdNothing:
		return false
	}
	return s.replyStream.attention >= uncounted || s.Idle()
}

// waitsUnsliced reports whether nothing is in flight but a blocking command that could outlive the
// token, is not sent in slices, and takes nothing with it when its connection ends.
func (s *Session) waitsUnsliced() bool {
	written, read := &s.commandStream, &s.replyStream
	ordinal := read.readReplies + 1
	return s.leased != nil && s.leased.unsliced == ordinal && ordinal == written.expectedReplies &&
		read.frames.AtBoundary() && written.holding == holdNothing && written.scanner.AtBoundary()
}
