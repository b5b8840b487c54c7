package session

// TakeOrdinary is Plan for p that needs nothing but to be counted, as nearly all does, where no
// AUTH is wanted. It returns how many commands p is, 0 if it is a part of a long one. If ok is
// false, nothing was accounted for.
func (s *Session) TakeOrdinary(p []byte) (commands uint64, ok bool) {
	t := &s.sent
	if t.blind || t.prefix || !t.plain() || t.holding != holdNothing || s.Slicing() {
		return 0, false
	}
	if t.scan.Within(len(p)) {
		return 0, true
	}
	n, commands := t.scan.Ordinary(p)
	if n < len(p) {
		return 0, false
	}
	t.replies += commands
	return commands, true
}

// TakeExpected is Received for the replies at the start of p that commands of the client were to
// get, which need no closer look. It returns how many bytes they are, and they stay where they are.
// Received must be called for the rest, if there is one or HasPendingReply reports true.
func (s *Session) TakeExpected(p []byte) (n int) {
	switch {
	case s.HasPendingReply(), s.blind, s.sent.holding != holdNothing:
		return 0
	case s.replies.AtBoundary():
		s.ours, s.listening = false, false
	case s.ours, s.listening:
		return 0
	}
	return s.expected(p)
}

// expected takes the replies at the start of p that commands of the client were to get, and pushes,
// which need no second look unless they confirm something. It returns how many bytes they are; what
// comes last may not be over.
func (s *Session) expected(p []byte) (n int) {
	if s.streaming || s.lowering != nil || s.sent.raised {
		return 0
	}
	last := max(s.read, min(s.next-1, s.sent.replies))
	n, replies := s.replies.Plain(p, last-s.read)
	s.read += replies
	return n
}
