package session

import (
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
	"github.com/entraredis/entraredis/internal/resp"
)

// maxHeld bounds what is held back of one command until it is complete, and what is remembered of a
// call that is sent in slices. A blocking command that is longer is sent as it is, and cannot be
// renewed while it blocks. It is no more than heldback.Limit: what the session takes for held back must
// have room there.
const maxHeld = 1 << 20

// A planner is one call of Session.Plan: it reads what the client writes, and decides what changes.
type planner struct {
	s            *Session
	p            []byte
	env          Environment
	commandStart int // of the command that offset is in, -1 if that began before p
	offset       int // what is before it was accounted for
}

// resumeHeld goes on after what was held back of a command that is not complete, with which p begins:
// it was scanned then. It puts an AUTH before it if one may go there.
func (w *planner) resumeHeld(wanted Auth) (rest Auth) {
	if wanted != nil && w.s.MayAuth() {
		w.insert(wanted)
		wanted = nil
	}
	w.commandStart, w.offset = 0, int(w.s.commandStream.holding)
	return wanted
}

// plan does the work of Session.Plan. Each turn of its loop takes as many ordinary commands as
// follow each other, or one other command, or the part of one that p has. It ends with p, or before
// a command that must be held back, or after a slice or a RESET.
func (w *planner) plan(wanted Auth, relogin func() Auth) (edits []Edit, taken int) {
	s, t := w.s, &w.s.commandStream
	if t.holding == holdRelogin && s.MayAuth() {
		w.insert(relogin())
		wanted = nil
	}
	if s.ledger.endedMultis > 0 {
		s.ledger.forgetEnded(t.epoch)
	}
	if t.holding > holdNothing {
		if wanted = w.resumeHeld(wanted); w.offset == len(w.p) {
			return w.holdUnfinished()
		}
	}
	t.holding = holdNothing
	for {
		if t.scanner.AtBoundary() {
			w.commandStart = w.offset
		}
		if wanted != nil && s.MayAuth() {
			w.insert(wanted)
			wanted = nil
		}
		if w.offset == len(w.p) || t.tracking != tracked {
			return s.scratch.planned(), len(w.p)
		}
		if wanted == nil && t.plain() {
			if n, commands := t.scanner.Ordinary(w.p[w.offset:]); n > 0 { // nearly always all of p
				t.count(commands)
				w.offset += n
				continue
			}
		}
		n, complete, err := t.scanner.Next(w.p[w.offset:])
		w.offset += n
		switch kind := t.scanner.Kind(); {
		case err != nil:
			if w.commandStart >= 0 {
				w.downgrade()
			}
			w.await(t.stopTracking())
		case complete && kind == resp.Ordinary && t.plain():
			t.count(1)
		case !complete && w.commandStart >= 0 && len(w.p)-w.commandStart+t.scanner.Missing() <= maxHeld && t.mustSeeWhole(kind):
			return w.holdUnfinished()
		case complete && !t.upgraded && s.ledger.isFull():
			w.await(t.stopTracking())
		default:
			if w.commandStart >= 0 {
				if why := w.prepare(kind, complete); why != holdNothing {
					return w.hold(why)
				}
			}
			if complete && w.takeComplete(kind) {
				return s.scratch.planned(), w.offset
			}
		}
	}
}

// takeComplete accounts for the complete command that ends at offset, and reports whether it is the last
// of this plan: what comes after a RESET, or after a blocking command in slices, is held back.
//
// No plan begins while a slice or a question is on its way (see Session.HoldsBack). So if one is now,
// prepare has put it out for this very command: a slice is the command itself, shortened, and questions
// go out in its place. The command comes again then, when they were answered, and is accounted for as it
// is sent: in a slice, or as it is.
func (w *planner) takeComplete(kind resp.Kind) (last bool) {
	s, t := w.s, &w.s.commandStream
	state := s.leased.leaseState()
	if state != lease.Asking {
		w.takeCommand()
	}
	switch {
	case kind == resp.Reset && s.unrenewable == Renewable && t.tracking == tracked:
		t.holding = holdReset
	case state >= lease.Waiting:
		if w.offset < len(w.p) {
			t.holding = holdWhileSlicing
		}
	default:
		return false
	}
	return true
}

// hold leaves the command that has begun to the next plan.
func (w *planner) hold(why holding) (edits []Edit, taken int) {
	w.s.commandStream.holdBack(why)
	return w.s.scratch.planned(), w.commandStart
}

// holdUnfinished is hold for a command of which the client has not written the rest.
func (w *planner) holdUnfinished() (edits []Edit, taken int) {
	return w.hold(holding(len(w.p) - w.commandStart))
}

// prepare changes what goes out before or in the command that has begun, which ends at offset if it
// is complete. It returns for what the command has to wait, holdNothing if it may go out.
//
// The order of the cases counts, because two of them act: changeProtocol puts a HELLO before the command,
// and slice changes the command itself, unless it has the command wait. Then a HELLO 2 may be out already.
func (w *planner) prepare(kind resp.Kind, complete bool) (why holding) {
	switch {
	case w.s.ledger.isFull():
		return holdAnswers
	case w.changeProtocol(kind):
		return holdAnswers
	case complete && (kind == resp.Blocking || kind == resp.Wait) && w.slice():
		return holdAnswers
	case kind == resp.ReplySkip && w.s.unrenewable == Renewable && w.s.hasSubscriptions() && !w.s.drained():
		return holdAnswers // a server refuses it to a subscriber in RESP2
	case standsAlone(kind) && w.s.ledger.countOurs() > 0 && w.s.onlyOursInFlight():
		return holdOurs
	case complete && kind == resp.Unblock:
		return w.prepareUnblock()
	}
	return holdNothing
}

// prepareUnblock notes the complete CLIENT UNBLOCK that ends at offset, unless it must wait. It runs when
// a command that blocks is over, and is refused to a subscriber in RESP2.
func (w *planner) prepareUnblock() (why holding) {
	s := w.s
	inRESP2 := s.protocol.version == 2 || s.replyStream.translation != nil
	blocks, subscribes := s.ledger.hasKind(awaitBlocking), inRESP2 && s.ledger.hasKind(awaitSubscribed)
	switch {
	case s.ledger.mayQueue(s.commandStream.epoch): // where nothing blocks, and it ends no call, see noteUnblock
	case (blocks || subscribes) && s.unrenewable == Renewable && s.commandStream.prefix&skipPrefix == 0:
		return holdAnswers
	case !blocks && !subscribes && !(inRESP2 && s.subscriptionCounts.exist()):
		w.noteUnblock()
	}
	return holdNothing
}

// standsAlone reports whether a server refuses a command while it has something to send to the client.
// Behind a command of the client's it is refused without us too.
//
// A login of the client's that is refused gets no answer then from Redis 7.2 to 8 and Valkey 8
// (redis/redis#15640).
func standsAlone(kind resp.Kind) bool {
	switch kind {
	case resp.Sync, resp.ScriptDebug, resp.Auth, resp.HelloAuth:
		return true
	}
	return false
}

// takeCommand accounts for the command that ends at offset.
func (w *planner) takeCommand() {
	s, t := w.s, &w.s.commandStream
	if t.scanner.Kind() == resp.ReplySkip && s.replyStream.listens {
		t.count(1) // which refuses it
		return
	}
	epoch := t.epoch
	e, needed := t.endCommand(s.ledger.mayQueue(t.epoch))
	if t.epoch != epoch {
		s.ledger.endEpoch()
	}
	switch t.scanner.Kind() {
	case resp.Client, resp.ReplyOn, resp.Tracking, resp.Unblock, resp.Caching:
		s.ledger.noteClientCommand(t.expectedReplies) // of one that is skipped, no refusal awaits that reply
	}
	if t.scanner.Kind() == resp.Tracking {
		s.protocol.noteKeyTracking()
	}
	if e.awaits == awaitClientAuth && w.logsInAsUs() {
		e.awaits = awaitClientAsUs
	}
	switch {
	case !needed:
	case e.awaits != awaitRefusal:
		w.await(e)
	case !s.ledger.joinRefusal(e):
		w.await(t.enter(e))
	}
}

// logsInAsUs reports whether the login that ends at offset names the user of our AUTHs. One that is
// too long to be held back until it is complete does not, as far as that can be known.
func (w *planner) logsInAsUs() bool {
	if w.commandStart < 0 {
		return false
	}
	user, ok := loginUser(w.p[w.commandStart:w.offset])
	return ok && w.env.IsOurUser(user, w.s.ledger.lastAuth())
}

func (w *planner) await(e entry) { w.s.ledger.push(e, w.s.commandStream.epoch) }

// insert puts an AUTH in at offset, and the marker that must follow it.
func (w *planner) insert(a Auth) {
	marker := w.s.addAuth(a)
	w.s.scratch.addEdit(Edit{At: w.offset, Auth: a})
	if marker != nil {
		w.s.scratch.addEdit(Edit{At: w.offset, command: marker})
	}
}

// ask puts a command of ours that is no AUTH before the one that has begun.
func (w *planner) ask(command []byte, what entryKind) {
	w.await(w.s.commandStream.takeOurs(what))
	w.s.scratch.addEdit(Edit{At: w.commandStart, command: command})
}

// changeProtocol makes the wire speak the version in which the command that has begun belongs, as
// soon as its kind is known. It reports whether the command has to wait until everything before it
// was answered, because only then it is known what the wire speaks.
func (w *planner) changeProtocol(kind resp.Kind) (mustWait bool) {
	s, l := w.s, &w.s.ledger
	switch kind {
	case resp.Subscribe, resp.PSubscribe, resp.SSubscribe:
		switch {
		case !w.mayUpgrade(), s.protocol.version == 3 && !l.mayChangeVersion():
		case !l.onlyAuths(), l.hasKind(awaitRefusal) && !s.drained():
			return true
		case l.hasKind(awaitRefusal): // whose answer could be taken for HELLO's
		case s.protocol.version == 2 && !s.subscriptionCounts.exist(): // else it takes no HELLO
			s.commandStream.upgraded = true
			w.ask(hello3, awaitUpgrade)
		}
	case resp.Unsubscribe, resp.PUnsubscribe, resp.SUnsubscribe, resp.Ping:
	default:
		if l.hasKind(awaitUpgrade) {
			return true
		}
		if kind != resp.Reset { // which goes back to RESP2 without us, or is refused
			w.downgrade()
		}
	}
	return false
}

// mayUpgrade reports whether HELLO 3 may go out without the client's knowledge, as far as that can
// be known: nothing may stand between the server and HELLO, there must be something to gain, and what
// the server says must have a translation.
func (w *planner) mayUpgrade() bool {
	s, t := w.s, &w.s.commandStream
	return !t.upgraded && s.protocol.upgrades == canUpgrade && s.unrenewable == Renewable &&
		t.prefix == noPrefix && !s.ledger.mayQueue(t.epoch)
}

// downgrade puts HELLO 2 before what does not belong into a subscription, unless the wire speaks
// RESP2 already.
func (w *planner) downgrade() {
	if w.s.commandStream.upgraded && w.s.protocol.upgrades == canUpgrade {
		w.s.commandStream.upgraded = false
		w.ask(hello2, awaitDowngrade)
	}
}

// slice looks at the complete blocking command that ends at offset, and shortens its timeout if it
// could block for too long. It reports whether the command has to wait until everything before it
// was answered: only then is it known when it begins to block. An XREAD from the end of a stream is
// replaced by the questions where that is.
func (w *planner) slice() (mustWait bool) {
	s, t := w.s, &w.s.commandStream
	switch {
	case s.unrenewable != Renewable, t.prefix&skipPrefix != 0, s.replyStream.listens: // where it is refused
		return false
	case s.ledger.mayQueue(t.epoch):
		return s.ledger.hasKind(awaitDiscard) // where that is refused, the command is queued
	}
	command := w.p[w.commandStart:w.offset]
	if len(command) > maxHeld {
		return false
	}
	call, ok := parseBlockingCall(command)
	if !ok {
		return false
	}
	if s.leased == nil {
		s.leased = &leasedCall{}
	}
	goesAsItIs := s.leased.takeAsItIs() || call.unsliceable || t.prefix.modifies(call)
	if !goesAsItIs && (s.ledger.hasKind(awaitClientAsUs) || s.ledger.hasKind(awaitExec)) {
		return true // the client's token may end sooner than ours, which follows that
	}
	now, most := w.env.LongestBlock(s.ledger.lastAuth())
	switch {
	case call.clientTimeout > 0 && call.clientTimeout <= most:
		return false
	case goesAsItIs, len(call.openEnds) > 0 && !w.env.MayAskStreamEnd():
		s.leased.leaveUnsliced(t.expectedReplies+1, call)
		return false
	case !s.drained() || s.leased.leaseState() == lease.Replying:
		return true
	case s.ledger.hasKind(awaitRefusal) && len(call.openEnds) > 0:
		s.leased.leaveUnsliced(t.expectedReplies+1, call) // a question's answer could be taken for a refusal
		return false
	}
	w.learnNumber()
	if len(call.openEnds) > 0 {
		w.askStreamEnds(command, call, now)
		return false
	}
	s.leased.beginSlice(t.expectedReplies+1, command, call, now, most)
	s.scratch.addEdit(Edit{At: w.commandStart + call.from, Cut: call.to - call.from, command: s.leased.sliceTimeout})
	return false
}

// learnNumber asks for the server's number of the connection, unless it is known or was refused. Where the
// answer could be taken for a refusal, the next slice asks.
func (w *planner) learnNumber() {
	if w.s.clientNumber == 0 && !w.s.ledger.hasKind(awaitRefusal) {
		w.ask(askNumber, awaitNumber)
	}
}

// askStreamEnds puts questions for the open ends of the blocking command that ends at offset in the
// place of that command, which follows when they were answered.
func (w *planner) askStreamEnds(command []byte, call blockingCall, now time.Time) {
	s := w.s
	var questions []byte
	for _, end := range call.openEnds {
		w.await(s.commandStream.takeOurs(awaitStreamEnd))
		questions = appendQuestion(questions, command[end.keyArg.from:end.keyArg.to])
	}
	s.leased.beginAsking(s.commandStream.expectedReplies, command, call, now)
	s.scratch.addEdit(Edit{At: w.commandStart, Cut: w.offset - w.commandStart, command: questions})
}

// noteUnblock looks at the complete CLIENT UNBLOCK that ends at offset. One in a transaction may be
// discarded, so it ends no call but at the server.
func (w *planner) noteUnblock() {
	if u, ok := parseUnblock(w.p[w.commandStart:w.offset]); ok && !w.s.ledger.mayQueue(w.s.commandStream.epoch) {
		w.s.scratch.addUnblock(u)
	}
}
