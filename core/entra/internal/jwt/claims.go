// Package jwt reads the claims of an access token that a Source needs. It verifies nothing: the
// token is Entra's message to Redis, and Redis verifies it.
package jwt

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// Claims are the claims that the schedule and the login need. A field is zero if the token does not
// hold the claim, or is no JSON Web Token.
type Claims struct {
	ObjectID  string    // oid
	ClientID  string    // appid, in tokens of version 2 azp
	Audience  string    // aud, if it is one
	IssuedAt  time.Time // iat
	ExpiresOn time.Time // exp
}

// Lifetime returns for how long the token was issued, 0 if its claims do not say.
func (c Claims) Lifetime() time.Duration {
	if c.IssuedAt.IsZero() || !c.ExpiresOn.After(c.IssuedAt) {
		return 0
	}
	return c.ExpiresOn.Sub(c.IssuedAt)
}

// Read returns the claims in the payload of a JSON Web Token. It leaves out what it cannot read.
func Read(token string) Claims {
	_, rest, ok := strings.Cut(token, ".")
	payload, _, signed := strings.Cut(rest, ".")
	if !ok || !signed {
		return Claims{}
	}
	// RFC 7515 omits the padding. A token that has it all the same is read too.
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
	if err != nil {
		return Claims{}
	}
	// any, so that one claim of an unexpected type does not hide the others.
	var p struct {
		OID any `json:"oid"`
		App any `json:"appid"`
		AZP any `json:"azp"`
		AUD any `json:"aud"`
		IAT any `json:"iat"`
		EXP any `json:"exp"`
	}
	if json.Unmarshal(raw, &p) != nil {
		return Claims{}
	}
	oid, _ := p.OID.(string)
	client, ok := p.App.(string)
	if !ok {
		client, _ = p.AZP.(string)
	}
	audience, _ := p.AUD.(string)
	return Claims{
		ObjectID: oid, ClientID: client, Audience: audience, IssuedAt: numericDate(p.IAT), ExpiresOn: numericDate(p.EXP),
	}
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
