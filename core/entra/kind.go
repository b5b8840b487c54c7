package entra

// Kind says in one word why a token could not be acquired.
type Kind string

// The kinds of a failed refresh. Rejected and malformed ones need an operator as a rule, the others
// are transient.
const (
	// KindNetwork: no usable answer came, or one about a failure of Entra itself (5xx, or 404 and
	// 410 from a managed identity endpoint that is starting). A retry helps.
	KindNetwork Kind = "network"
	// KindThrottled: the answer was 429. A retry helps, after the Retry-After that the Source
	// obeys.
	KindThrottled Kind = "throttled"
	// KindRejected: Entra refused the credential (400, 401, 403, or one of its codes in the text of
	// a command line tool), this machine's managed identity endpoint has no identity for it, or the
	// credential found nothing to ask with: no identity, no tool, no sign-in. A retry helps only
	// after an operator has mended that. The error says what to check.
	KindRejected Kind = "rejected"
	// KindMalformed: the credential returned no error, but a token that is empty, expired, or does
	// not name its user; or it panicked. A retry seldom helps; Options.Username helps where the
	// token carries no oid claim.
	KindMalformed Kind = "malformed"
	// KindTimedOut: the credential did not answer within the deadline of one attempt. A retry
	// helps.
	KindTimedOut Kind = "timed_out"
)

// The kinds by their old names. Version 1.0 removes them.
const (
	// Deprecated: use [KindNetwork].
	Network = KindNetwork
	// Deprecated: use [KindThrottled].
	Throttled = KindThrottled
	// Deprecated: use [KindRejected].
	Rejected = KindRejected
	// Deprecated: use [KindMalformed].
	Malformed = KindMalformed
	// Deprecated: use [KindTimedOut].
	TimedOut = KindTimedOut
)
