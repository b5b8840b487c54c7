package entra

import (
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra/internal/jwt"
	"github.com/entraredis/entraredis/core/entra/internal/schedule"
)

// An unusable error says what is wrong with what a credential did although it returned no error. Real credentials return
// each of these tokens.
type unusable string

const (
	errEmptyToken   unusable = "entra: the credential returned an empty token"
	errExpiredToken unusable = "entra: the credential returned a token that has expired"
	errNoUsername   unusable = "entra: the token has no oid claim to use as the Redis user name, and Options.Username is empty"
	errNoReturn     unusable = "entra: the credential ended its goroutine"
)

func (e unusable) Error() string { return string(e) }

// newToken makes a Token of what a credential returned at now on the wall clock. The error says why it is unusable.
func newToken(at azcore.AccessToken, username string, now time.Time) (Token, error) {
	if at.Token == "" {
		return Token{}, errEmptyToken
	}
	if !now.Before(at.ExpiresOn.Round(0)) {
		return Token{}, errExpiredToken
	}
	claims := jwt.Read(at.Token)
	if username == "" {
		username = claims.ObjectID
	}
	if username == "" {
		return Token{}, errNoUsername
	}
	secret := at.Token
	return Token{v: &tokenValue{
		username: username,
		secret:   func() string { return secret },
		validity: schedule.NewValidity(claims, at.ExpiresOn, now),
	}}, nil
}
