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
