package rotation_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
)

func TestCredentialsAreEncodedOnceAndNumbered(t *testing.T) {
	inBubble(t, func(s *site) {
		all := rotation.NewCredentials(s.src)
		if none, newer := all.Latest(); none != nil {
			t.Error("a credential before the first token")
		} else {
			<-newer
		}
		first, newer := all.Latest()
		if again, _ := all.Latest(); again != first {
			t.Error("the same token was encoded twice")
		}
		if want := "*3\r\n$4\r\nAUTH\r\n$2\r\nus\r\n$7\r\ntoken-1\r\n"; string(first.Wire()) != want {
			t.Errorf("encoded as %q", first.Wire())
		}
		<-newer
		second, _ := all.Latest()
		if second == first || second.Number() <= first.Number() || second.Token() == first.Token() {
			t.Errorf("number %d after number %d", second.Number(), first.Number())
		}
	})
}

func TestNoFormatShowsACredential(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.login()
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
			if said := fmt.Sprintf(verb, *c.Accepted()); strings.Contains(said, "token-1") || strings.Contains(said, fmt.Sprintf("%x", "token-1")) {
				t.Errorf("%s shows %s", verb, said)
			}
		}
		c.close()
	})
}

// While a server has yet to accept a newer token, logins use the one that it has accepted, as long
// as that lives.
func TestLoginsUseWhatTheServerAccepts(t *testing.T) {
	inBubble(t, func(s *site) {
		if best, proven := s.server.Best(time.Now()); best != nil || proven {
			t.Error("something is best before the first token")
		}
		c := s.login()
		old := c.Accepted()
		uses := func(when string, want *rotation.Credential, wantProven bool) {
			t.Helper()
			best, proven := s.server.Best(time.Now())
			login, err := s.server.LoginCredential(s.t.Context())
			if best != want || login != want || proven != wantProven || err != nil || s.server.IsProven(want) != wantProven {
				t.Errorf("%s: number %d, proven %v, %v", when, best.Number(), proven, err)
			}
		}
		uses("logged in", old, true)
		s.set(true, false)
		s.nextToken()
		uses("a newer token", old, true)
		time.Sleep(time.Minute) // the canary is refused
		time.Sleep(time.Until(old.Token().RenewBy()))
		uses("the newer token was refused", old, true)
		time.Sleep(time.Until(old.Token().ExpiresOn()))
		newest, _ := s.server.Best(time.Now())
		if newest == old {
			t.Error("a token that has expired is best")
		}
		uses("the old token has expired", newest, false)
		s.server.LoginRefused(newest)
		uses("there is no other", newest, false)
		if best := s.server.AuthAccepted(&c.member, newest); !best {
			t.Error("what logins use was accepted, and it is not said")
		}
		uses("accepted at last", newest, true)
		c.close()
	})
}

// single gives one token, which lives a second.
type single struct{ given bool }

func (g *single) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if g.given {
		return azcore.AccessToken{}, errors.New("no more tokens")
	}
	g.given = true
	return azcore.AccessToken{Token: "only", ExpiresOn: time.Now().Add(time.Second)}, nil
}

// Logins that begin when the last token expires get that one, or wait for another. The first login at
// a server knows of no older one that could take its place.
func TestLoginAtTheExpiryOfTheLastToken(t *testing.T) {
	for range 300 {
		synctest.Test(t, func(t *testing.T) {
			src, err := entra.NewSource(&single{}, &entra.Options{Username: "us"})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			tok, err := src.Token(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			credentials := rotation.NewCredentials(src)
			ctx, cancel := context.WithDeadline(t.Context(), tok.ExpiresOn().Add(time.Millisecond))
			defer cancel()
			time.Sleep(time.Until(tok.ExpiresOn()))
			for err == nil { // the Source expires the token meanwhile
				server := rotation.NewServer(rotation.Config{Credentials: credentials, Observer: src.Observer()})
				var login *rotation.Credential
				if login, err = server.LoginCredential(ctx); login == nil && err == nil {
					t.Fatal("neither a credential nor an error")
				}
			}
		})
	}
}

// A credential that has yet to be accepted is not the best while an older one may serve.
func TestAcceptedTellsWhetherItIsTheBest(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.login()
		old := c.Accepted()
		s.set(true, false)
		s.nextToken()
		synctest.Wait()
		if !s.server.AuthAccepted(&c.member, old) {
			t.Error("the older one is still best")
		}
		c.close()
	})
}

// What the server has accepted on one connection stays what logins use if it refuses that on another
// one. It is for the login gate to say that logins with it are refused.
func TestRefusalOnOneConnectionLeavesTheCredentialProven(t *testing.T) {
	inBubble(t, func(s *site) {
		c, other := s.login(), s.login()
		cred := c.Accepted()
		other.answered(cred, true)
		if best, proven := s.server.Best(time.Now()); best != cred || !proven {
			t.Errorf("best is number %d, proven %v", best.Number(), proven)
		}
		s.server.LoginRefused(cred)
		if s.server.IsProven(cred) {
			t.Error("proven although logins with it are refused")
		}
		closeAll([]*conn{c, other})
	})
}
