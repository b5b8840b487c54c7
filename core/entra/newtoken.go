package entra

import (
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra/internal/jwt"
	"github.com/entraredis/entraredis/core/entra/internal/schedule"
)

// An unusable error says what is wrong with what a credential did although it returned no error.
// Real credentials return each of these tokens.
type unusable string

const (
	errEmptyToken   unusable = "entra: the credential returned an empty token"
	errExpiredToken unusable = "entra: the credential returned a token that has expired"
	errNoUsername   unusable = "entra: the token has no oid claim to use as the Redis user name, and Options.Username is empty"
	errNoReturn     unusable = "entra: the credential ended its goroutine"
)

func (e unusable) Error() string { return string(e) }

// newToken makes a Token of what a credential returned at this moment of the wall clock. The error
// says why it is unusable.
func newToken(returned azcore.AccessToken, username string, wall time.Time) (Token, error) {
	if returned.Token == "" {
		return Token{}, errEmptyToken
	}
	if !wall.Before(returned.ExpiresOn.Round(0)) {
		return Token{}, errExpiredToken
	}
	claims := jwt.Read(returned.Token)
	if username == "" {
		username = claims.ObjectID
	}
	if username == "" {
		return Token{}, errNoUsername
	}
	password := returned.Token
	return Token{v: &tokenValue{
		username: username,
		secret:   func() string { return password },
		claims:   newLoginClaims(claims, username),
		times:    schedule.NewValidity(claims, returned.ExpiresOn, wall),
	}}, nil
}
