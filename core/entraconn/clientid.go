package entraconn

import (
	"bytes"
	"strconv"
)

// HELLO tells the number by which CLIENT UNBLOCK knows a connection.

// listen collects the reply that begins.
func (s *session) listen() {
	if s.work == nil {
		s.work = &work{}
	}
	s.listening = true
	s.work.line = s.work.line[:0]
}

// listenForID collects a reply to HELLO, unless there is nothing to learn from it.
func (s *session) listenForID() {
	if s.clientID == 0 {
		s.listen()
	}
}

// takeID looks for the number in a reply to HELLO.
func (s *session) takeID() {
	if !s.listening {
		return
	}
	_, rest, _ := bytes.Cut(s.work.line, []byte("$2\r\nid\r\n:"))
	if number, _, ended := bytes.Cut(rest, []byte("\r\n")); ended {
		if id, err := strconv.ParseInt(string(number), 10, 64); err == nil {
			s.clientID = id
		}
	}
	if !s.authOutstanding() && len(s.work.verdicts) == 0 {
		s.work = nil
	}
	s.listening = false
}
