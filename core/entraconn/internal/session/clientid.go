package session

import (
	"bytes"
	"strconv"
)

// HELLO tells the number by which CLIENT UNBLOCK knows a connection.

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
