package entraconn

// A reason says why a connection cannot be renewed.
type reason uint8

const (
	renewable reason = iota
	becauseBlind
	becauseSilent
	becauseStreaming
	becauseSubscriber
	becauseForeign
	becauseReset
	becauseMulti
	becauseBlocked
)

// String returns the reason in words for an operator.
func (r reason) String() string {
	return [...]string{
		renewable:         "",
		becauseBlind:      "unknown protocol",
		becauseSilent:     "CLIENT REPLY OFF",
		becauseStreaming:  "MONITOR or SYNC",
		becauseSubscriber: "RESP2 Pub/Sub",
		becauseForeign:    "the client's own AUTH",
		becauseReset:      "RESET",
		becauseMulti:      "transaction",
		becauseBlocked:    "blocking command",
	}[r]
}

// barredBy says why no AUTH could be sent now, and whether that will never change.
func (s *session) barredBy() (why reason, forever bool) {
	switch {
	case s.unrenewable != renewable:
		return s.unrenewable, true
	case s.sent.silent:
		return becauseSilent, true
	case s.sent.blind:
		return becauseBlind, true
	case s.inMulti():
		return becauseMulti, false
	}
	for i := range s.ledger.len {
		if s.ledger.nth(i).kind == awaitBlocking {
			return becauseBlocked, false
		}
	}
	return renewable, false
}
