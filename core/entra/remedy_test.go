package entra_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra"
)

// Each reason for which a server refuses a good token has a remedy of its own, and none tells a
// claim but the object id.
func TestRemedyOfARefusedToken(t *testing.T) {
	const (
		oid, client, other = "0f8fad5b-oid", "6f0d7c1e-client", "someone-else"
		redis, vault       = "https://redis.azure.com", "https://vault.azure.net"
		policy, audience   = "access policy assignment", "not for Redis"
	)
	for _, tc := range []struct {
		name     string
		claims   map[string]any // nil: no JSON Web Token
		username string
		late     time.Duration // after the expiry
		says     []string
		not      []string
	}{
		{name: "no assignment", claims: map[string]any{"oid": oid, "aud": redis, "appid": client}},
		{name: "audience by id", claims: map[string]any{"oid": oid, "aud": "acca5fbb-b7e4-4009-81f1-37e38fd66d78"}},
		{name: "audience with a slash", claims: map[string]any{"oid": oid, "aud": "https://Redis.azure.com/"}},
		{name: "older audience", claims: map[string]any{"oid": oid, "aud": "https://x.cacheinfra.windows.net:10225/appid"}},
		{name: "audience that is not known", claims: map[string]any{"oid": oid}},
		{name: "user name is the object id", claims: map[string]any{"oid": oid, "aud": redis}, username: oid},
		{name: "wrong audience", claims: map[string]any{"oid": oid, "aud": vault}, says: []string{audience, "Options.Scope", entra.DefaultScope},
			not: []string{policy, "Username"}},
		{name: "client id", claims: map[string]any{"oid": oid, "aud": redis, "appid": client}, username: client,
			says: []string{"Options.Username is the client id", oid, "leave Options.Username empty"}, not: []string{policy, audience}},
		{name: "client id in version 2", claims: map[string]any{"oid": oid, "azp": client}, username: client, says: []string{"is the client id", oid}},
		{name: "another user name", claims: map[string]any{"oid": oid, "aud": redis, "appid": client}, username: other,
			says: []string{"Options.Username is not the object id", oid}, not: []string{"client id", policy}},
		{name: "no oid", claims: map[string]any{"aud": redis, "appid": client}, username: other, says: []string{"no oid claim", "Options.Username", policy},
			not: []string{audience}},
		{name: "opaque", username: other, says: []string{"no oid claim"}},
		{name: "expired", claims: map[string]any{"oid": oid, "aud": redis}, late: 90 * time.Second,
			says: []string{"expired 1m30s before", "this machine's clock"}, not: []string{policy, audience}},
		{name: "two at once", claims: map[string]any{"oid": oid, "aud": vault}, username: other, says: []string{audience, "not the object id"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				token := "opaque"
				if tc.claims != nil {
					payload, err := json.Marshal(tc.claims)
					if err != nil {
						t.Fatal(err)
					}
					token = "e30." + base64.RawURLEncoding.EncodeToString(payload) + ".signature"
				}
				cred := &credential{answer: func(context.Context, call) (azcore.AccessToken, error) {
					return azcore.AccessToken{Token: token, ExpiresOn: time.Now().Add(life)}, nil
				}}
				tok := mustToken(t, newSource(t, cred, &entra.Options{Username: tc.username}))
				at := time.Now()
				if tc.late > 0 {
					at = tok.ExpiresOn().Add(tc.late)
				}
				got := tok.Remedy(at)
				if len(tc.says) == 0 && got != "" {
					t.Errorf("%q, want nothing: the assignment is missing", got)
				}
				for _, part := range tc.says {
					if !strings.Contains(got, part) {
						t.Errorf("%q does not say %q", got, part)
					}
				}
				for _, part := range append(tc.not, client, other, vault) {
					if strings.Contains(got, part) {
						t.Errorf("%q says %q", got, part)
					}
				}
			})
		})
	}
	if got := (entra.Token{}).Remedy(time.Now()); got != "" {
		t.Errorf("the zero Token: %q", got)
	}
}
