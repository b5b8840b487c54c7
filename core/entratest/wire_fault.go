package entratest

import "time"

// A WireFault makes a [Gateway] misbehave. One fault is one kind of trouble: set one of the groups of fields.
// Of several faults of a kind, the one that was injected first strikes.
type WireFault struct {
	// Count is how often it strikes: connections for RefuseConn, MaxClients and CutAfter, commands for Delay,
	// AUTHs for RefuseAuth, moments for Garbage, HELLOs for StayInRESP2. 0 means until [FaultHandle.Remove].
	Count int

	// RefuseAuth is the error that AUTH and HELLO with AUTH get, good token or not, for example
	// "WRONGPASS invalid username-password pair". The connection stays logged in as it was.
	RefuseAuth   string
	LoginOnly    bool // spares the AUTHs of connections that are logged in
	RotationOnly bool // strikes only those

	// StayInRESP2 turns HELLO 3 into HELLO 2, as a proxy does that knows HELLO and speaks no RESP3: the answer is an
	// array, and so is everything that follows.
	StayInRESP2 bool

	RefuseConn bool // resets new connections before anything was said
	MaxClients bool // answers new connections with the error of a full server, and closes them

	// CutAfter ends a connection in good order after so many more bytes of replies. At least 1.
	CutAfter int
	// Delay holds up a command, and what follows it on its connection, before the backend gets it.
	Delay time.Duration
	// Garbage is sent to a client before the next bytes of its replies.
	Garbage []byte
}

// refuses reports whether f strikes an AUTH of a connection that is logged in already, or not yet.
func (f *WireFault) refuses(loggedIn bool) bool {
	return f.RefuseAuth != "" && !(f.LoginOnly && loggedIn) && !(f.RotationOnly && !loggedIn)
}
