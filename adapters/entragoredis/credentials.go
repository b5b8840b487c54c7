package entragoredis

import (
	"context"
	"time"

	"github.com/entraredis/entraredis/adapters/internal/settings"
	"github.com/entraredis/entraredis/core/entra"
)

// credentialsPatience bounds a wait for a token. go-redis allows 5 seconds for a dial.
const credentialsPatience = 5 * time.Second

// Credentials returns a function for CredentialsProviderContext in options of go-redis. It is for libraries that let their
// users set no Dialer: each new connection logs in with a valid token, and none gets another one. The server closes them
// when that token expires, with whatever is in flight on them. [Configure] renews them.
//
// The function returns at once while there is a valid token. Else it waits for one until its context ends, for 5 seconds
// at most, and returns the error of [entra.Source.Token]. It returns no token that has expired, as Token says it.
func Credentials(src *entra.Source) func(ctx context.Context) (username, password string, err error) {
	return func(ctx context.Context) (username, password string, err error) {
		if err := settings.CheckSource(src); err != nil {
			return "", "", err
		}
		ctx, cancel := context.WithTimeout(ctx, credentialsPatience)
		defer cancel()
		token, err := src.Token(ctx)
		if err != nil {
			return "", "", err
		}
		username, password = token.Credentials()
		return username, password, nil
	}
}
