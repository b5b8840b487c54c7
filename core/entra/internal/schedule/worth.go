package schedule

// Worth is what a token is worth that the credential returned.
type Worth int

// The worths of a token.
const (
	NewerToken   Worth = iota // it replaces the newest token
	NoNewerToken              // it would cost every connection an AUTH and gain nothing
	ExpiredToken              // the newest token once more, after its expiry
)
