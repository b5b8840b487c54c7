package clients

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/redis/rueidis"
)

// RueidisCredentials returns a function for AuthCredentialsFn of rueidis's option, from rueidis 1.0.77 on. It waits for a token
// for 5 seconds at most, and hands out none that has expired.
func RueidisCredentials(src *entra.Source) func(rueidis.AuthCredentialsContext) (rueidis.AuthCredentials, error) {
	return func(rueidis.AuthCredentialsContext) (rueidis.AuthCredentials, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		token, err := src.Token(ctx)
		if err != nil {
			return rueidis.AuthCredentials{}, err
		}
		username, password := token.Credentials()
		// rueidis asks again then. Not all connections ask at once. While there is no newer token each asks after half of
		// the time that is left, and never at once: that would be a loop.
		spread := rand.N(token.Lifetime()/10 + 1)
		wait := max(time.Until(token.RenewBy())-spread, time.Until(token.ExpiresOn())/2, time.Second)
		return rueidis.AuthCredentials{Username: username, Password: password, RefreshAfter: time.Now().Add(wait)}, nil
	}
}
