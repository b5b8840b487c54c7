package session

import (
	"strings"

	"github.com/entraredis/entraredis/internal/resp"
)

// Redis takes no AUTH from a subscriber that speaks RESP2. So below such a client the wire speaks
// RESP3: HELLO 3 goes in front of its first SUBSCRIBE, and HELLO 2 in front of the first command
// that is not about subscriptions. What the server says between the two is turned back into RESP2,
// see lowering.go.

var (
	hello3 = []byte("*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n")
	hello2 = []byte("*2\r\n$5\r\nHELLO\r\n$1\r\n2\r\n")
)

// speak makes the wire speak the version in which the command at start belongs, as soon as its kind
// is known. It reports whether the command has to wait until everything before it was answered,
// because only then it is known what the wire speaks.
func (s *Session) speak(kind resp.Kind, start int) (wait bool) {
	switch kind {
	case resp.Subscribe, resp.PSubscribe, resp.SSubscribe:
		switch {
		case !s.mayRaise(), s.proto == 3 && !s.awaits(awaitHello) && !s.awaits(awaitClientAuth) && !s.awaits(awaitReset) && !s.awaits(awaitLower):
		case !s.onlyAuths():
			return true
		case s.proto == 2:
			s.sent.raised = true
			s.ask(start, hello3, awaitRaise)
		}
	case resp.Unsubscribe, resp.PUnsubscribe, resp.SUnsubscribe, resp.Ping:
	default:
		if s.awaits(awaitRaise) {
			return true
		}
		if kind != resp.Reset { // which goes back to RESP2 by itself
			s.lower(start)
		}
	}
	return false
}

// lower puts HELLO 2 in front of what does not belong into a subscription, unless the wire speaks
// RESP2 already.

func (s *Session) lower(at int) {
	if !s.sent.raised || s.unraisable {
		return
	}
	s.sent.raised = false
	s.ask(at, hello2, awaitLower)
}

// mayRaise reports whether HELLO 3 may go below the client's back, as far as that can be known:
// nothing may stand between the server and HELLO, and there must be something to gain.
func (s *Session) mayRaise() bool {
	return !s.sent.raised && !s.unraisable && s.unrenewable == Renewable && !s.sent.prefix && !s.sent.mute && !s.inMulti()
}

// raiseAnswered takes the answer to our HELLO 3. Whatever does not say that RESP3 follows means
// that the server, or a proxy before it, stays in RESP2; then the subscription is one in RESP2, and
// the connection ends with its token.
func (s *Session) raiseAnswered(frame resp.Frame) error {
	if frame == resp.Map {
		s.helloAnswered(frame)
		if s.proto == 3 {
			s.lowering = &lowering{}
			return nil
		}
	}
	s.unraisable = true
	s.staysInRESP2 = frame != resp.Error || !s.errorPasses()
	s.lowering = nil // of pushes before the answer
	s.takeID()
	if s.awaits(awaitLower) {
		return ErrDesync // its answer could not be told from a message
	}
	return nil
}

// errorPasses reports whether the error that was collected says that the server serves no client at
// the moment.
func (s *Session) errorPasses() bool {
	line := string(s.work.line)
	return classifyAuthError(strings.TrimSuffix(line[1:], "\r\n"), true) == serverUnready
}

// lowerAnswered takes the answer to our HELLO 2.
func (s *Session) lowerAnswered(frame resp.Frame) error {
	if frame != resp.Array {
		return ErrDesync
	}
	s.lowering = nil
	s.helloAnswered(frame)
	return nil
}
