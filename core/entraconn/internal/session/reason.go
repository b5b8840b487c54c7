package session

// A Reason says why a connection cannot be renewed.
type Reason uint8

const (
	Renewable Reason = iota
	BecauseBlind
	BecauseSilent
	BecauseStreaming
	BecauseSubscriber
	BecauseForeign
	BecauseReset
	BecauseMulti
	BecauseBlocked
)

// String returns the reason in words for an operator.
func (r Reason) String() string {
	return [...]string{
		Renewable:         "",
		BecauseBlind:      "unknown protocol",
		BecauseSilent:     "CLIENT REPLY OFF",
		BecauseStreaming:  "MONITOR or SYNC",
		BecauseSubscriber: "RESP2 Pub/Sub",
		BecauseForeign:    "the client's own AUTH",
		BecauseReset:      "RESET",
		BecauseMulti:      "transaction",
		BecauseBlocked:    "blocking command",
	}[r]
}

// BarredBy returns why no AUTH can be sent for some time or for ever. It returns Renewable where AUTH can
// be sent, or as soon as a command ends or a reply comes that is on its way.
func (s *Session) BarredBy() (why Reason, forever bool) {
	switch {
	case s.unrenewable != Renewable:
		return s.unrenewable, true
	case s.sent.silent:
		return BecauseSilent, true
	case s.sent.blind:
		return BecauseBlind, true
	case s.inMulti():
		return BecauseMulti, false
	}
	for i := range s.ledger.len {
		if s.ledger.nth(i).kind == awaitBlocking {
			return BecauseBlocked, false
		}
	}
	return Renewable, false
}
