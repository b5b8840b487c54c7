package differential

import (
	"context"
	"encoding/base64"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/gomodule/redigo/redis"

	"github.com/entraredis/entraredis/core/entra"
)

// An admitting credential gives a newer token every two seconds, and makes each a password of the user at servers, before
// it gives it away. So the servers themselves refuse others.
type admitting struct {
	mu      sync.Mutex
	servers []redis.Conn
	issued  []string
}

// newAdmitting returns one for sites, and a Source of it that has its first token.
func newAdmitting(t *testing.T, observer *entra.Observer, sites ...*site) (*admitting, *entra.Source) {
	t.Helper()
	a := &admitting{}
	for _, s := range sites {
		s.do(t, "ACL", "SETUSER", user, "resetpass")
		a.admitAt(t, s)
	}
	src, err := entra.NewSource(a, &entra.Options{Observer: observer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.Close() })
	if _, err := src.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a, src
}

// admitAt has the tokens of before and those to come admitted at one more server.
func (a *admitting) admitAt(t *testing.T, s *site) {
	t.Helper()
	conn, err := redis.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	a.mu.Lock()
	defer a.mu.Unlock()
	a.servers = append(a.servers, conn)
	for _, token := range a.issued {
		if _, err := conn.Do("ACL", "SETUSER", user, ">"+token); err != nil {
			t.Fatal(err)
		}
	}
}

// revoke has the servers refuse all tokens, those of before too. Connections stay logged in.
func (a *admitting) revoke(t *testing.T) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, server := range a.servers {
		if _, err := server.Do("ACL", "SETUSER", user, "resetpass"); err != nil {
			t.Fatal(err)
		}
	}
	a.servers = nil
}

func (a *admitting) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	exp := now.Add(30 * time.Second)
	claims := fmt.Sprintf(`{"oid":%q,"iat":%.6f,"exp":%.6f,"uti":"%d"}`, user, seconds(now), seconds(exp), len(a.issued))
	token := "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	a.issued = append(a.issued, token)
	for _, server := range a.servers {
		if _, err := server.Do("ACL", "SETUSER", user, ">"+token); err != nil {
			return azcore.AccessToken{}, err
		}
	}
	return azcore.AccessToken{Token: token, ExpiresOn: exp, RefreshOn: now.Add(2 * time.Second)}, nil
}
