package entra

import "time"

// A ServerState sums up how a Redis server has answered the AUTHs of a Source's connections.
type ServerState string

// The states of a server.
const (
	// ServerUnknown: the server has neither accepted nor refused an AUTH so far.
	ServerUnknown ServerState = "unknown"
	// ServerAccepts: the server accepts the AUTHs.
	ServerAccepts ServerState = "accepts"
	// ServerRefuses: the server refuses them. It has accepted neither the token that it refused last
	// nor a newer one, or it has refused eight AUTHs in a row since it accepted one, over a second or
	// longer.
	ServerRefuses ServerState = "refuses"
	// ServerMixed: the server accepts some and refuses some. Several servers behind one address may
	// not agree, or the server refuses a newer token and still accepts an older one. The state ends
	// with an acceptance, or a minute after the last refusal if the server had refused twice within a
	// minute and accepted in between.
	ServerMixed ServerState = "mixed"
)

// A ServerStatus is what a [Source] knows of a Redis server. All clients of the Source count: a
// server that several of them dial is listed once.
type ServerStatus struct {
	Addr        string // as it was dialed, host:port
	State       ServerState
	Connections int    // open now
	User        string // that the last AUTH named
	// Answer is the last answer to an AUTH: "OK", or the server's own words as in [AuthError.Err].
	// It is empty before the first one.
	Answer     string
	AnsweredAt time.Time // zero before the first answer
	// AcceptedUntil is the latest expiry of a token that the server has accepted on a connection which
	// is still open, by this machine's clock. Until then the server serves that connection, also if it
	// refuses logins and newer tokens. It is zero if there is no such connection.
	AcceptedUntil time.Time
}

// refuses reports whether the server refuses AUTHs, or some of them.
func (s *ServerStatus) refuses() bool { return s.State == ServerRefuses || s.State == ServerMixed }

// accepts reports whether the server accepts AUTHs, or some of them.
func (s *ServerStatus) accepts() bool { return s.State == ServerAccepts || s.State == ServerMixed }
