package session

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/entraredis/entraredis/internal/resp"
)

// HELLO tells the number by which CLIENT UNBLOCK knows a connection. Where the client says no
// HELLO, a CLIENT ID of ours asks for the number, once, in the same write as the first slice of a
// blocking command.

var clientID = []byte("*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n")

// askID asks for the number before the slice at start, unless it is known.
func (s *Session) askID(start int, out Environment) {
	switch {
	case s.id != 0:
		out.Leases(s.id)
	case !s.nameless:
		s.ask(start, clientID, awaitID)
	}
}

// idAnswered takes the answer to our CLIENT ID, which an ACL may refuse.
func (s *Session) idAnswered(frame resp.Frame, out Environment) error {
	number, isNumber := strings.CutPrefix(strings.TrimSuffix(string(s.work.line), "\r\n"), ":")
	s.stopListening()
	id, err := strconv.ParseInt(number, 10, 64)
	switch {
	case frame == resp.Error:
		s.nameless = true
	case !isNumber || err != nil || id <= 0:
		return ErrDesync
	default:
		s.id = id
		out.Leases(id)
	}
	return nil
}

// listen collects the reply that begins.
func (s *Session) listen() {
	if s.work == nil {
		s.work = &work{}
	}
	s.listening = true
	s.work.line = s.work.line[:0]
}

// takeID looks for the number in a reply to HELLO.
func (s *Session) takeID() {
	if !s.listening {
		return
	}
	if number, ok := helloField(s.work.line, "id"); ok {
		if id, err := strconv.ParseInt(number, 10, 64); err == nil {
			s.id = id
		}
	}
	s.stopListening()
}

// stopListening ends what listen began.
func (s *Session) stopListening() {
	if !s.AuthOutstanding() && len(s.work.verdicts) == 0 {
		s.work = nil
	}
	s.listening = false
}

// helloField returns a number in a reply to HELLO, as far as that was collected. Servers that are
// not Redis write the names and the numbers of fields in one of several types.
func helloField(reply []byte, name string) (number string, ok bool) {
	_, value, found := bytes.Cut(reply, []byte("\r\n$"+strconv.Itoa(len(name))+"\r\n"+name+"\r\n"))
	if !found {
		if _, value, found = bytes.Cut(reply, []byte("\r\n+"+name+"\r\n")); !found {
			return "", false
		}
	}
	line, rest, ended := bytes.Cut(value, []byte("\r\n"))
	if ended && bytes.HasPrefix(line, []byte("$")) {
		line, _, ended = bytes.Cut(append([]byte("$"), rest...), []byte("\r\n"))
	}
	if !ended || len(line) < 2 {
		return "", false
	}
	return string(line[1:]), true
}
