package entra

// The pure parts, for tables and fuzzing in the external test package.
var (
	RenewAt        = renewAt
	LookAgainAt    = lookAgainAt
	RetryIn        = retryIn
	ForcedDistance = forcedDistance
	AttemptTimeout = attemptTimeout
	ScaleOf        = scaleOf
	Guard          = guard
	Reached        = reached
	Until          = until
)

// ReadClaims exposes readClaims by fields.
func ReadClaims(token string) (objectID string, issuedAt, expires int64) {
	c := readClaims(token)
	if !c.issuedAt.IsZero() {
		issuedAt = c.issuedAt.UnixMicro()
	}
	if !c.expires.IsZero() {
		expires = c.expires.UnixMicro()
	}
	return c.objectID, issuedAt, expires
}
