package entra

import (
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// An unusable error says what is wrong with what a credential did although it returned no error. Credentials
// have been seen to return each of these tokens.
type unusable string

const (
	errEmptyToken   unusable = "entra: the credential returned an empty token"
	errExpiredToken unusable = "entra: the credential returned a token that has expired"
	errNoUsername   unusable = "entra: the token has no oid claim to use as the Redis user name, and Options.Username is empty"
	errNoReturn     unusable = "entra: the credential ended its goroutine"
)

func (e unusable) Error() string { return string(e) }

// maxLife is the longest life that is believed. Managed identities get 24 hours, continuous access evaluation 28.
const maxLife = 7 * 24 * time.Hour

// newToken makes a Token of what a credential returned at now on the wall clock, or says why it is of no use.
func newToken(at azcore.AccessToken, username string, now time.Time) (Token, error) {
	if at.Token == "" {
		return Token{}, errEmptyToken
	}
	if !now.Before(at.ExpiresOn.Round(0)) {
		return Token{}, errExpiredToken
	}
	claims := readClaims(at.Token)
	if username == "" {
		username = claims.objectID
	}
	if username == "" {
		return Token{}, errNoUsername
	}
	secret := at.Token
	at.ExpiresOn = earlier(at.ExpiresOn, latestExpiry(claims, now, at.ExpiresOn))
	return Token{v: &tokenValue{
		username:  username,
		secret:    func() string { return secret },
		issuedAt:  at.ExpiresOn.Add(-lifeOf(claims, at.ExpiresOn, now)).Round(0),
		expiresOn: at.ExpiresOn.Round(0),
		pace:      paceOf(claims.life()),
	}}, nil
}

// sameSecret reports whether two tokens are one, whatever else was said of them.
func (t Token) sameSecret(other Token) bool {
	return t.v != nil && other.v != nil && t.v.secret() == other.v.secret()
}

// latestExpiry returns until when a token can live that has its whole life before it: whatever a credential says, it is
// not longer. Of one that does not tell its life, the credential is believed.
func latestExpiry(c tokenClaims, now, told time.Time) time.Time {
	const clocksDiffer = time.Minute
	if life := c.life(); life > 0 {
		return now.Add(life + clocksDiffer)
	}
	return told
}

// lifeOf returns for how long the token was issued. The difference of its own two claims is right even if this
// machine's clock is not; a token that does not tell counts as issued now.
func lifeOf(c tokenClaims, expiresOn, now time.Time) time.Duration {
	left := expiresOn.Sub(now)
	if c.issuedAt.IsZero() || c.issuedAt.After(expiresOn) {
		return left
	}
	end := expiresOn
	if c.expires.After(c.issuedAt) {
		end = c.expires
	}
	if life := end.Sub(c.issuedAt); life <= maxLife {
		return max(life, left)
	}
	return left
}
