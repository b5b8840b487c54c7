package session

// A Reason says why a connection cannot be renewed. The reasons up to BecauseClientAuth last for ever,
// those after it until the client or a reply ends them: see BarredBy.
type Reason uint8

const (
	Renewable Reason = iota
	BecauseUnknown
	BecauseSilent
	BecauseTakeover
	BecauseClientAuth
	BecauseSubscriber
	BecauseMulti
	BecauseBlocked

	reasonCount // how many there are
)

// Retires reports whether a connection for which the reason holds when its token is about to expire is
// ended between two replies. A transaction and a blocking command are left to the server.
func (r Reason) Retires() bool { return r != Renewable && r <= BecauseSubscriber }

// String returns the reason in words for an operator.
func (r Reason) String() string {
	return [reasonCount]string{
		Renewable:         "",
		BecauseUnknown:    "unknown protocol",
		BecauseSilent:     "CLIENT REPLY OFF",
		BecauseTakeover:   "MONITOR, SYNC or SCRIPT DEBUG",
		BecauseSubscriber: "RESP2 Pub/Sub",
		BecauseClientAuth: "the client's own AUTH",
		BecauseMulti:      "transaction",
		BecauseBlocked:    "blocking command",
	}[r]
}
