package session

import (
	"strings"

	"github.com/entraredis/entraredis/internal/resp"
)

// Received takes what the server sent, of which TakeExpected took the first bytes. What is for the
// client is left at the start of p, in order and without a gap, and kept is its length; behind is
// what comes after that and found no room in p. Answers to our AUTHs become verdicts.
//
// After an error nothing of the connection can be trusted but what was left for the client: after
// ErrDesync, and after another one, which says that the server has refused the login.
func (s *Session) Received(p []byte, taken int, out Environment) (kept int, behind []byte, err error) {
	o := outlet{p: p, kept: taken}
	for at := taken; at < len(p); {
		s.flushPendingReply(at, &o)
		if s.blind {
			if s.lowering != nil {
				err = ErrDesync // what comes next cannot be put into RESP2
				break
			}
			o.pass(at, len(p))
			break
		}
		if s.replies.AtBoundary() {
			s.ours, s.listening = false, false
			if n := s.expected(p[at:]); n > 0 { // nearly always all of p
				o.pass(at, at+n)
				at += n
				continue
			}
			if s.read+1 >= s.next && s.beginExpected(p[at:], out) {
				continue
			}
		} else if s.keepsByte() {
			s.tellNull(p[at], &o, out)
		}
		if s.lowering != nil && !s.ours {
			if n := s.replies.Downgrade(p[at:]); n > 0 { // nearly always
				o.pass(at, at+n)
				at += n
				continue
			}
			n, frame, scanErr := s.lowered(p, at, &o)
			if scanErr != nil {
				err = ErrDesync
				break
			}
			at += n
			if err = s.took(frame, out); err != nil {
				break
			}
			continue
		}
		n, frame, scanErr := s.replies.Next(p[at:])
		if scanErr != nil {
			// Bytes before the unknown one may belong to the client's reply, or to ours.
			if s.ours || s.oursOutstanding() {
				err = ErrDesync
				break
			}
			s.goBlind(BecauseBlind)
			continue
		}
		if s.listening { // before pass moves it
			s.work.line = append(s.work.line, p[at:at+min(n, maxLine-len(s.work.line))]...)
		}
		switch {
		case s.keepsByte(): // nothing but the first byte of it was there
		case !s.ours:
			o.pass(at, at+n)
		}
		at += n
		if err = s.took(frame, out); err != nil {
			break
		}
	}
	s.flushPendingReply(len(p), &o)
	return o.kept, o.behind, err
}

// took accounts for a frame, if one has ended.
func (s *Session) took(frame resp.Frame, out Environment) error {
	switch frame {
	case resp.None:
	case resp.Push:
		s.confirm(s.replies.Confirmed())
	default:
		return s.reply(frame, out)
	}
	return nil
}

// beginExpected looks at the first bytes of a frame where the ledger waits for one. It reports
// whether the state has changed so that the byte must be looked at anew.
func (s *Session) beginExpected(p []byte, out Environment) (again bool) {
	first := p[0]
	if s.streaming {
		return false
	}
	e := s.ledger.first()
	if first == '>' {
		if e.kind == awaitRaise && s.lowering == nil {
			s.lowering = &lowering{} // the server has changed to RESP3, and says something else first
			return true
		}
		return false
	}
	switch e.kind {
	case awaitAuth:
		s.ours = true
		s.listen()
	case awaitRaise, awaitLower, awaitID:
		s.ours = true
		s.listen()
	case awaitHello, awaitClientAuth:
		s.listen()
	case awaitBlocking:
		if s.Slicing() && s.leased.at == e.at {
			s.beginSliced(p, out)
		}
	case beOpaque:
		s.drop() // nothing of ours can wait behind it: it bars AUTH
		s.goBlind(BecauseBlind)
		return true
	case awaitTakeover:
		if first != '-' {
			s.drop()
			s.goStreaming(BecauseStreaming)
			return true
		}
	}
	return false
}

// reply accounts for a reply that has ended.
func (s *Session) reply(frame resp.Frame, out Environment) error {
	if s.streaming {
		return nil
	}
	if s.read+1 < s.next {
		if s.read == s.sent.replies {
			// Nobody asked: some server's last words, or something that nobody knows.
			s.goStreaming(BecauseBlind)
			return nil
		}
		s.read++
		return nil
	}
	if first := s.ledger.first(); first.kind == awaitSubscribed {
		return s.subscribeAnswered(first, frame)
	}
	e := s.drop()
	s.read++
	current := e.epoch == s.sent.epoch
	switch e.kind {
	case awaitAuth:
		return s.authAnswered(e.auth, frame)
	case awaitHello:
		s.helloAnswered(frame)
	case awaitRaise:
		return s.raiseAnswered(frame)
	case awaitLower:
		return s.lowerAnswered(frame)
	case awaitID:
		return s.idAnswered(frame, out)
	case awaitReset:
		return s.resetAnswered(frame)
	case awaitBlocking:
		s.blockingAnswered(e)
	case awaitMulti:
		if current && frame == resp.Status {
			s.confirmed = e.epoch
		}
	case awaitDiscard:
		if current && frame == resp.Status {
			s.confirmed = 0
		}
	case awaitClientAuth:
		if frame != resp.Error {
			s.foreign = true
			s.unrenewable = BecauseForeign
			s.helloAnswered(frame)
		}
	}
	return nil
}

func (s *Session) drop() entry {
	e := s.ledger.pop(s.sent.epoch)
	s.look()
	return e
}

// authAnswered turns the answer to an AUTH of ours into a verdict. Anything but OK or an error that
// AUTH may give means that the AUTH did not reach the server where it was meant to, inside a
// transaction for example.
func (s *Session) authAnswered(a Auth, frame resp.Frame) error {
	v := Verdict{Auth: a}
	line := strings.TrimSuffix(string(s.work.line), "\r\n")
	s.ours = false
	var err error
	switch {
	case line == "+OK":
		v.OK = true
	case frame != resp.Error:
		v.Lost, err = true, ErrDesync
	default:
		if v.Failure = classifyAuthError(line[1:], a.Login()); v.Failure == notOurs {
			v.Lost, err = true, ErrDesync
			break
		}
		v.Line = line[1:]
		if a.Login() {
			err = errRefused // the client must not see what the server says to commands behind it
		}
	}
	s.work.verdicts = append(s.work.verdicts, v)
	return err
}

// resetAnswered takes the answer to RESET. Where it is refused although the wire was to go back to
// RESP2 with it, what follows would be in RESP3.
func (s *Session) resetAnswered(frame resp.Frame) error {
	if frame == resp.Status {
		s.proto = 2
		s.channels, s.patterns, s.shards = 0, 0, 0
		s.lowering = nil
	} else if s.lowering != nil {
		return ErrDesync
	}
	return nil
}

// helloAnswered takes over the number of the connection, and the protocol version. It changes with
// the answer, never with the command: a HELLO may be refused, and clients go on with the old
// version then.
func (s *Session) helloAnswered(frame resp.Frame) {
	if frame == resp.Map && s.listening {
		if proto, _ := helloField(s.work.line, "proto"); proto == "2" {
			frame = resp.Array // as RESP2 has it
		}
	}
	s.takeID()
	switch frame {
	case resp.Map:
		s.proto = 3
	case resp.Array:
		s.proto = 2
		if s.subscribed() {
			s.goStreaming(BecauseSubscriber)
		}
	}
}

// goBlind gives up looking at what the server sends.
func (s *Session) goBlind(why Reason) {
	s.blind = true
	s.unrenewable = why
}

// goStreaming gives up counting replies. Frames are still told apart, so that the connection can be
// ended between two of them.
func (s *Session) goStreaming(why Reason) {
	s.streaming = true
	s.unrenewable = why
}
