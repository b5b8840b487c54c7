package entraconn

// takeOrdinary is plan for p that needs nothing but to be counted, as nearly all does. It returns how many commands it
// is, 0 if it is a part of a long one.
func (s *session) takeOrdinary(p []byte) (commands uint64, ok bool) {
	t := &s.sent
	if t.blind || t.prefix || !t.plain() || t.holding != holdNothing || s.slicing() {
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

// takeExpected takes from the start of what was just read the replies that commands of the host were to get. It takes
// nothing where something waits for replies that looks at them one by one.
func (s *session) takeExpected(p []byte) (n int) {
	switch {
	case s.owed != owedNothing, s.blind, s.sent.holding != holdNothing:
		return 0
	case s.replies.AtBoundary():
		s.ours, s.listening = false, false
	case s.ours, s.listening:
		return 0
	}
	return s.expected(p)
}

// expected takes the replies at the start of p that commands of the host were to get, and pushes, which need no second look
// unless they confirm something. It returns how many bytes they are; what comes last may not be over.
func (s *session) expected(p []byte) (n int) {
	if s.streaming || s.lowering != nil || s.sent.raised {
		return 0
	}
	last := max(s.read, min(s.next-1, s.sent.replies))
	n, replies := s.replies.Plain(p, last-s.read)
	s.read += replies
	return n
}
