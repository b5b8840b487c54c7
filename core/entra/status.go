package entra

import (
	"time"
)

// A Status says how a [Source] is doing, for health checks and diagnostics. A service is ready while Valid; while
// Err is set as well it runs on borrowed time, until ExpiresOn.
type Status struct {
	// Valid says whether Token returns a token at once.
	Valid bool
	// ExpiresOn is the expiry of the newest token there has been, zero if none. It lies in the past once that
	// token was lost.
	ExpiresOn time.Time
	// NextAttempt is when the credential will be asked next; it has passed while an attempt is under way. A
	// caller that waits in Token may bring it forward. Zero after Close.
	NextAttempt time.Time
	// Failures counts failed attempts since the last success.
	Failures int
	// Err is a *RefreshError for the last of these, nil without any.
	Err error
	// Closed says that the Source has been closed.
	Closed bool
}

// A snapshot is what readers see of the renewer. It is immutable but for the closing of changed.
type snapshot struct {
	token   Token         // zero unless valid
	changed chan struct{} // closed when there is a newer token, or no more
	status  Status
}
