package schedule

import "time"

// A Failure is what a Plan needs to know of a failed request.
type Failure struct {
	WithClaims    bool
	OfClaims      bool          // the credential refused the claims, not the request
	Rejection     bool          // Entra rejected the request
	BadToken      bool          // the credential returned an unusable token
	NeedsOperator bool          // the failure lasts until an operator acts
	RetryAfter    time.Duration // what the server asked for, 0 if it did not
}
