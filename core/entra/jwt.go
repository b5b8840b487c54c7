package entra

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// tokenClaims is what the schedule and the login want to know of an access token. Fields are zero where the token
// does not tell, as an opaque one never does.
type tokenClaims struct {
	objectID string
	issuedAt time.Time
	expires  time.Time
}

// life returns for how long the token was issued, 0 if it does not tell.
func (c tokenClaims) life() time.Duration {
	if c.issuedAt.IsZero() || !c.expires.After(c.issuedAt) {
		return 0
	}
	return c.expires.Sub(c.issuedAt)
}

// readClaims reads the payload of a JSON Web Token. It verifies nothing: the token is Entra's message to Redis,
// and Redis does the verifying. What cannot be read is left out.
func readClaims(token string) tokenClaims {
	_, rest, ok := strings.Cut(token, ".")
	payload, _, signed := strings.Cut(rest, ".")
	if !ok || !signed {
		return tokenClaims{}
	}
	// RFC 7515 leaves the padding away; one that is there harms nobody.
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
	if err != nil {
		return tokenClaims{}
	}
	// any, so that one claim of an unexpected type does not hide the others.
	var p struct {
		OID any `json:"oid"`
		IAT any `json:"iat"`
		EXP any `json:"exp"`
	}
	if json.Unmarshal(raw, &p) != nil {
		return tokenClaims{}
	}
	oid, _ := p.OID.(string)
	return tokenClaims{objectID: oid, issuedAt: numericDate(p.IAT), expires: numericDate(p.EXP)}
}

// numericDate reads seconds since 1970, which RFC 7519 allows to have a fraction.
func numericDate(v any) time.Time {
	const year9999 = 253402300799
	sec, ok := v.(float64)
	if !ok || sec <= 0 || sec > year9999 {
		return time.Time{}
	}
	return time.UnixMicro(int64(sec * 1e6))
}
