package session

// A Reason says why a connection cannot be renewed. The reasons up to BecauseClientAuth last for ever,
// those after it until a reply comes: see BarredBy.
type Reason uint8

const (
	Renewable Reason = iota
	BecauseUnknown
	BecauseSilent
	BecauseTakeover
	BecauseSubscriber
	BecauseClientAuth
	BecauseMulti
	BecauseBlocked

	reasonCount // how many there are
)

// String returns the reason in words for an operator.
func (r Reason) String() string {
	return [reasonCount]string{
		Renewable:         "",
		BecauseUnknown:    "unknown protocol",
		BecauseSilent:     "CLIENT REPLY OFF",
		BecauseTakeover:   "MONITOR or SYNC",
		BecauseSubscriber: "RESP2 Pub/Sub",
		BecauseClientAuth: "the client's own AUTH",
		BecauseMulti:      "transaction",
		BecauseBlocked:    "blocking command",
	}[r]
}
