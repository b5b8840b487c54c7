package session

import (
	"bytes"
	"strings"

	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
	"github.com/entraredis/entraredis/internal/resp"
)

// A receiver is one call of Session.Received: it reads what the server sends, leaves what is for
// the client, and takes the answers to commands of ours.
type receiver struct {
	s      *Session
	outlet outlet // of what the server sent
	env    Environment
}

// receive does the work of Session.Received, from at.
func (r *receiver) receive(at int) (err error) {
	for at < len(r.outlet.p) && err == nil {
		if r.s.HasPendingReply() {
			r.flushPendingReply(at)
		}
		var n int
		n, err = r.step(at)
		at += n
	}
	if r.s.HasPendingReply() {
		r.flushPendingReply(len(r.outlet.p))
	}
	return err
}

// step takes a piece that begins at at. It returns 0 if that must be looked at anew.
func (r *receiver) step(at int) (n int, err error) {
	s, t := r.s, &r.s.replyStream
	p := r.outlet.p[at:]
	if t.attention >= untracked {
		if t.translation != nil {
			return 0, ErrDesync // what comes next cannot be put into RESP2
		}
		r.outlet.forward(at, len(r.outlet.p))
		return len(p), nil
	}
	if t.frames.AtBoundary() {
		t.withheld, t.collecting = false, false
		if n := s.takeExpected(p); n > 0 { // nearly always all of p
			r.outlet.forward(at, at+n)
			return n, nil
		}
		if t.listens || s.protocol.version == 2 && r.awaitsConfirmation() {
			t.frames.ArrayMayBePush()
		}
		if t.readReplies+1 >= s.ledger.nextOrdinal && r.beginAwaited(p) {
			return 0, nil
		}
	} else if s.leased.leaseState() == lease.Undecided {
		t.withheld = s.leased.takeStart(p, &r.outlet, r.env)
	}
	if t.translation != nil && !t.withheld {
		return r.stepTranslated(at)
	}
	n, frame, scanErr := t.frames.Next(p)
	if scanErr != nil {
		// Bytes before the unknown one may belong to the client's reply, or to ours.
		if t.withheld || s.ledger.countOurs() > 0 {
			return 0, ErrDesync
		}
		r.untrack()
		return 0, nil
	}
	if t.collecting { // before forward moves it
		s.scratch.collect(p[:n])
	}
	switch {
	case s.leased.leaseState() == lease.Undecided: // nothing but its first bytes was there
	case !t.withheld:
		r.outlet.forward(at, at+n)
	}
	return n, r.endPiece(frame)
}

// stepTranslated is step for a piece that goes to the client in RESP2.
func (r *receiver) stepTranslated(at int) (n int, err error) {
	s, t := r.s, &r.s.replyStream
	if n := t.frames.Downgrade(r.outlet.p[at:]); n > 0 { // nearly always
		r.outlet.forward(at, at+n)
		return n, nil
	}
	subscribed := s.subscriptionCounts.exist()
	e := s.ledger.firstEntry()
	pinged := subscribed && e != nil && e.awaits == awaitPing && e.ordinal == t.readReplies+1
	n, frame, scanErr := t.translation.translate(&t.frames, at, listener{subscribed, pinged}, &r.outlet)
	if scanErr != nil {
		return 0, ErrDesync
	}
	return n, r.endPiece(frame)
}

// endPiece accounts for a frame, if one has ended.
func (r *receiver) endPiece(frame resp.Frame) error {
	switch frame {
	case resp.None:
	case resp.Push:
		r.endPush(r.s.replyStream.frames.Confirmed())
	default:
		return r.endReply(frame)
	}
	return nil
}

// beginAwaited looks at the first bytes of a frame where the ledger waits for one. It reports
// whether the state has changed so that the byte must be looked at anew.
func (r *receiver) beginAwaited(p []byte) (again bool) {
	s, t := r.s, &r.s.replyStream
	if t.attention >= uncounted {
		return false
	}
	e := s.ledger.firstEntry()
	if p[0] == '>' || p[0] == '*' && t.listens {
		if e := s.ledger.firstReply(); e != nil && e.awaits == awaitUpgrade && t.translation == nil {
			t.translation = &translation{} // the server has changed to RESP3, and says something else first
			return true
		}
		return false
	}
	if e.awaits == awaitRefusal {
		return r.beginUnproven(p)
	}
	t.withheld = e.isOurs()
	switch e.awaits {
	case awaitAuth, awaitMarker, awaitUpgrade, awaitDowngrade, awaitNumber, awaitStreamEnd, awaitHello,
		awaitClientAuth, awaitClientAsUs, awaitExec:
		r.startCollecting()
	case awaitBlocking:
		if s.leased.awaitsReply(e.ordinal) {
			t.withheld = s.leased.takeStart(p, &r.outlet, r.env)
		}
	case awaitUnknown:
		r.strike() // nothing of ours can wait after it: it bars AUTH
		r.untrack()
		return true
	case awaitTakeover:
		if p[0] != '-' {
			r.strike()
			r.uncount(BecauseTakeover)
			return true
		}
	}
	return false
}

// beginUnproven looks at the first bytes of a reply that may refuse a command which gives none
// otherwise. One that is no error refuses nothing, and must be looked at anew. If the next command is
// ours, an error is kept from the client until it is known whose it is.
func (r *receiver) beginUnproven(p []byte) (again bool) {
	t, l := &r.s.replyStream, &r.s.ledger
	switch {
	case t.unskipped:
		return false
	case p[0] != '-', l.firstEntry().outstanding == 0: // or all of them were refused
		r.strike()
		return true
	}
	next := l.firstReply()
	t.withheld = next != nil && next.isOurs() && next.ordinal == t.readReplies+1
	r.startCollecting()
	return false
}

// endUnproven accounts for an error that beginUnproven has looked at. It reports whether the error
// belongs to a later command, as which it is to be accounted for then.
func (r *receiver) endUnproven() (later bool, err error) {
	s, t := r.s, &r.s.replyStream
	e, next := s.ledger.firstEntry(), s.ledger.firstReply()
	line := []byte("-NOERROR") // the reply began before the command was written
	if t.collecting {
		line = s.scratch.collectedReply()
	}
	beforeAuth := t.withheld && next.awaits == awaitAuth
	switch judged := judgeRefusal(strings.TrimSuffix(string(line[1:]), "\r\n"), e.unreplied, beforeAuth); judged {
	case refusesNothing:
		r.strike()
		return true, nil
	case refusesSkip, refusesAck:
		if t.withheld {
			if len(line) == maxAnswer {
				return false, r.loseAnswer(*next)
			}
			r.outlet.put(line, 0)
			t.withheld = false
		}
		e.outstanding--
		switch written := &s.commandStream; {
		case judged == refusesAck:
		case written.prefix&skipPrefix != 0 && e.outstanding == 0 && s.ledger.used == 1:
			written.prefix &^= skipPrefix // nothing was written after it
		default:
			t.unskipped = true
		}
		r.stopCollecting()
		return false, nil
	case refusalUnknown:
	}
	if first := s.ledger.firstOurs(); first != nil {
		return false, r.loseAnswer(*first)
	}
	r.stopCollecting()
	if s.leased.leaseState() == lease.Waiting {
		s.leased.on(lease.ReplyEnded)
	}
	r.uncount(BecauseUnknown)
	return false, nil
}

// endReply accounts for a reply that has ended.
func (r *receiver) endReply(frame resp.Frame) error {
	s, t := r.s, &r.s.replyStream
	switch {
	case t.attention >= uncounted:
		return nil
	case t.unskipped:
		t.unskipped = false
		return nil
	}
	first := s.ledger.firstEntry()
	if first != nil && first.awaits == awaitRefusal && first.ordinal == t.readReplies+1 {
		if later, err := r.endUnproven(); !later {
			return err
		}
		if first = s.ledger.firstEntry(); first != nil && first.awaits == awaitUnknown {
			r.strike()
			r.untrack()
			return nil
		}
	}
	if t.readReplies+1 < s.ledger.nextOrdinal {
		if t.readReplies == s.commandStream.expectedReplies {
			// No command asked for it: some server's last words, or a protocol that we do not know.
			r.uncount(BecauseUnknown)
			return nil
		}
		if t.readReplies++; t.collecting {
			r.stopCollecting()
		}
		return nil
	}
	if first.awaits == awaitSubscribed {
		return r.subscribeAnswered(frame)
	}
	e := r.strike()
	t.readReplies++
	if e.isOurs() && !t.withheld { // it began before our command was written
		return r.loseAnswer(e)
	}
	current := e.epoch == s.commandStream.epoch
	switch e.awaits {
	case awaitAuth:
		return r.authAnswered(e.auth, frame)
	case awaitMarker:
		t.withheld = false // whatever the answer is: some servers do not know the command
		r.stopCollecting()
	case awaitUpgrade:
		return r.upgradeAnswered(frame)
	case awaitDowngrade:
		return r.downgradeAnswered(frame)
	case awaitNumber:
		return r.numberAnswered(frame)
	case awaitStreamEnd:
		return r.streamEndAnswered(e.ordinal, frame)
	case awaitReset:
		r.resetAnswered(frame)
	case awaitBlocking:
		if s.leased.awaitsReply(e.ordinal) {
			s.leased.on(lease.ReplyEnded)
		}
	case awaitMulti:
		if current && frame == resp.Status {
			s.ledger.confirmed = e.epoch
		}
	case awaitDiscard:
		if frame == resp.Status {
			s.replyStream.inTransaction = queuedLogin{}
			if current {
				s.ledger.confirmed = 0
			}
		}
	case awaitExec:
		r.execAnswered(frame)
	case awaitHello, awaitClientAuth, awaitClientAsUs:
		r.clientLoginAnswered(e, frame)
	}
	return nil
}

// strike takes the first entry out of the ledger.
func (r *receiver) strike() entry { return r.s.ledger.pop(r.s.commandStream.epoch) }

// startCollecting keeps the reply that begins.
func (r *receiver) startCollecting() {
	r.s.replyStream.collecting = true
	r.s.scratch.beginAnswer()
}

// stopCollecting ends what startCollecting began.
func (r *receiver) stopCollecting() {
	if !r.s.AuthInFlight() {
		r.s.scratch.discard()
	}
	r.s.replyStream.collecting = false
}

// loseAnswer takes a reply that stands in the place of the answer to a command of ours, and is
// none.
func (r *receiver) loseAnswer(e entry) error {
	if e.awaits == awaitAuth {
		r.s.scratch.addVerdict(Verdict{Auth: e.auth, Lost: true})
	}
	return ErrDesync
}

// authAnswered takes the answer to an AUTH of ours, or to its marker if the server gave none.
func (r *receiver) authAnswered(a Auth, frame resp.Frame) error {
	r.s.replyStream.withheld = false
	if r.s.AwaitsLogin() {
		r.s.commandStream.holding = holdNothing
	}
	if m := r.s.ledger.firstEntry(); m != nil && m.awaits == awaitMarker && answersMarker(frame, r.s.scratch.collectedReply()) {
		r.strike()
		r.s.replyStream.readReplies++ // as if both had been answered
		r.s.scratch.addVerdict(Verdict{Auth: a, Line: refusedSilently, Failure: tokenRefused})
		return nil
	}
	v, err := judge(a, frame, string(r.s.scratch.collectedReply()))
	r.s.scratch.addVerdict(v)
	return err
}

// clientLoginAnswered takes the answer to a HELLO of the client's, or to a login of its own. An error
// changes nothing. In a transaction they are only queued.
func (r *receiver) clientLoginAnswered(e entry, frame resp.Frame) {
	s := r.s
	login := NoLogin
	switch e.awaits {
	case awaitClientAuth:
		login = LoginAsAnother
	case awaitClientAsUs:
		login = LoginAsUs
	}
	switch {
	case string(s.scratch.collectedReply()) == "+QUEUED\r\n":
		s.replyStream.inTransaction.include(login, e.commandKind)
		r.stopCollecting()
		return
	case frame != resp.Error:
		r.takeLogin(login)
	}
	r.helloAnswered(frame)
}

// takeLogin takes a login of the client's own that the server has accepted.
func (r *receiver) takeLogin(login ClientLogin) {
	switch s := r.s; {
	case login == NoLogin, s.clientLogin.isForeign():
	case login == LoginAsAnother:
		s.clientLogin, s.unrenewable = LoginAsAnother, BecauseClientAuth
	default:
		s.clientLogin = LoginAsUs
	}
}

// execAnswered takes the answer to an EXEC that may run a login. An error or a null says that it ran
// nothing. Whether the login was accepted stands in the array, which may be long and is not looked
// into: it counts as accepted, because an AUTH of ours too many does no harm. After a HELLO it is not
// known what the wire speaks.
func (r *receiver) execAnswered(frame resp.Frame) {
	s := r.s
	login, ran := s.replyStream.inTransaction, frame == resp.Array && !bytes.HasPrefix(s.scratch.collectedReply(), []byte("*-"))
	s.replyStream.inTransaction = queuedLogin{}
	r.stopCollecting()
	if !ran {
		return
	}
	if login.hello && s.unrenewable == Renewable {
		s.unrenewable = BecauseUnknown
	}
	r.takeLogin(login.login)
}

// resetAnswered takes the answer to RESET. Where it is refused, everything stays as it was: a
// transaction, subscriptions, and what the wire speaks.
func (r *receiver) resetAnswered(frame resp.Frame) {
	s, t := r.s, &r.s.commandStream
	waits := t.holding == holdReset
	if waits {
		t.holding = holdWhileSlicing
	}
	if frame != resp.Status {
		return
	}
	t.epoch++ // no MULTI is in flight, because nothing was written after RESET
	t.upgraded, t.queuesLogin = false, false
	s.protocol.forgetKeyTracking()
	s.replyStream.inTransaction = queuedLogin{}
	s.protocol.version = 2
	s.subscriptionCounts = subscriptionCounts{}
	s.replyStream.translation, s.replyStream.listens = nil, false
	if waits && s.unrenewable == Renewable {
		t.holding = holdRelogin
	}
}

// helloAnswered takes the number of the connection and the protocol version out of a reply to
// HELLO.
func (r *receiver) helloAnswered(frame resp.Frame) {
	s := r.s
	var h helloReply
	if s.replyStream.collecting {
		h = s.scratch.collectedReply()
	}
	s.protocol.takeVersion(frame, h)
	r.noteSubscriber()
	r.endHello()
}

// noteSubscriber is called when the protocol version or the subscriptions may have changed.
func (r *receiver) noteSubscriber() {
	r.s.replyStream.listens = r.s.protocol.version == 2 && r.s.subscriptionCounts.exist()
}

// endHello ends the collecting of a reply to HELLO.
func (r *receiver) endHello() {
	if r.s.replyStream.collecting {
		r.s.clientNumber.takeNumber(r.s.scratch.collectedReply())
		r.stopCollecting()
	}
}

// upgradeAnswered takes the answer to our HELLO 3. Whatever does not say that RESP3 follows means
// that the server, or a proxy before it, stays in RESP2; then the subscription is one in RESP2, and
// the connection ends with its token.
func (r *receiver) upgradeAnswered(frame resp.Frame) error {
	s := r.s
	if frame == resp.Map {
		r.helloAnswered(frame)
		if s.protocol.version == 3 {
			s.replyStream.translation = &translation{}
			return nil
		}
	}
	s.protocol.upgradeRefused(frame, s.scratch.collectedReply())
	s.replyStream.translation = nil // of pushes before the answer
	r.endHello()
	if s.ledger.hasKind(awaitDowngrade) {
		return ErrDesync // its answer could not be told from a message
	}
	return nil
}

// downgradeAnswered takes the answer to our HELLO 2.
func (r *receiver) downgradeAnswered(frame resp.Frame) error {
	if frame != resp.Array {
		return ErrDesync
	}
	r.s.replyStream.translation = nil
	r.helloAnswered(frame)
	return nil
}

// numberAnswered takes the answer to our CLIENT ID.
func (r *receiver) numberAnswered(frame resp.Frame) error {
	err := r.s.clientNumber.takeAnswer(frame, string(r.s.scratch.collectedReply()))
	r.stopCollecting()
	return err
}

// streamEndAnswered takes the answer to our XINFO STREAM.
func (r *receiver) streamEndAnswered(ordinal uint64, frame resp.Frame) error {
	end, err := parseStreamEnd(frame, r.s.scratch.collectedReply())
	r.stopCollecting()
	if err != nil {
		return err
	}
	r.s.leased.takeStreamEnd(ordinal, end)
	return nil
}

// subscribeAnswered takes a reply where a subscription waited for its confirmation. Confirmations
// are no replies and come before any later one, so this is the error that refuses it: the one reply
// that it gives.
func (r *receiver) subscribeAnswered(frame resp.Frame) error {
	if frame != resp.Error {
		if r.s.ledger.countOurs() > 0 {
			return ErrDesync
		}
		r.uncount(BecauseUnknown)
	}
	r.strike()
	return nil
}

// awaitsConfirmation reports whether a subscription waits for its confirmation, which is next.
func (r *receiver) awaitsConfirmation() bool {
	e := r.s.ledger.firstEntry()
	return e != nil && e.awaits == awaitSubscribed && e.ordinal == r.s.replyStream.readReplies+1
}

// endPush takes a push that confirms a subscription, or says something else.
func (r *receiver) endPush(c resp.Confirmation) {
	remaining, ok := r.s.subscriptionCounts.apply(c)
	if !ok {
		return
	}
	r.noteSubscriber()
	e := r.s.ledger.firstReply()
	if e == nil || e.awaits != awaitSubscribed || e.ordinal != r.s.replyStream.readReplies+1 || e.commandKind != c.Kind {
		return // unsolicited: a slot that moved away
	}
	for r.s.ledger.firstEntry() != e {
		r.strike() // nothing before it was refused
	}
	if e.countConfirmation(remaining) {
		r.strike()
	}
}

// flushPendingReply gives the client the pending reply, but not inside a push that came in pieces.
func (r *receiver) flushPendingReply(at int) {
	if s := r.s; s.replyStream.frames.AtBoundary() {
		r.outlet.put(s.leased.pendingReply(s.protocol.version), at)
	}
}

// untrack gives up looking at what the server sends.
func (r *receiver) untrack() {
	r.s.replyStream.attention = untracked
	r.s.unrenewable = BecauseUnknown
}

// uncount gives up counting replies. Frames are still told apart, so that the connection can be
// ended between two of them.
func (r *receiver) uncount(why Reason) {
	r.s.replyStream.attention = uncounted
	r.s.unrenewable = why
}
