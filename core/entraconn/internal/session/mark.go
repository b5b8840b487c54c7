package session

// A Mark is a point in what was written to a connection. Two are equal if nothing was written
// between them.
type Mark struct{ stream commandStream }

// BeforeOrdinary returns the Mark from before the TakeOrdinary that took n bytes and returned
// commands, of the Mark right after it.
func (m Mark) BeforeOrdinary(n int, commands uint64) Mark {
	if m.stream.expectedReplies -= commands; commands == 0 {
		m.stream.scanner.Unread(n)
	}
	return m
}
