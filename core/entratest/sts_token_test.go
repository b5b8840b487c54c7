package entratest_test

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/golang-jwt/jwt/v5"

	"github.com/entraredis/entraredis/core/entratest"
)

func TestDirectTokensHaveFractionsOfSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(1234567 * time.Microsecond)
		sts := entratest.NewSTS(&entratest.STSOptions{Lifetime: 30 * time.Millisecond, RefreshIn: 10 * time.Millisecond})
		tok, err := sts.Credential().GetToken(t.Context(), redisScope)
		if err != nil {
			t.Fatal(err)
		}
		claims, err := sts.Verify(tok.Token)
		if err != nil {
			t.Fatal(err)
		}
		if !claims.ExpiresOn.Equal(tok.ExpiresOn) || claims.ExpiresOn.Sub(claims.IssuedAt) != 30*time.Millisecond {
			t.Errorf("claims %+v, expiry %v", claims, tok.ExpiresOn)
		}
		if got := tok.RefreshOn.Sub(claims.IssuedAt); got != 10*time.Millisecond {
			t.Errorf("RefreshOn after %v", got)
		}
		time.Sleep(30 * time.Millisecond)
		if _, err := sts.Verify(tok.Token); !errors.Is(err, entratest.ErrExpired) {
			t.Errorf("Verify after expiry: %v", err)
		}
	})
}

func TestVerifyRefusesForeignTokens(t *testing.T) {
	sts := entratest.NewSTS(nil)
	good, err := sts.Credential().GetToken(t.Context(), redisScope)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := sts.Credential().GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://vault.azure.net/.default"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{
		"empty": "", "opaque": "opaque", "tampered": good.Token[:len(good.Token)-8] + "AAAAAAAA", "for a vault": elsewhere.Token,
	} {
		if _, err := sts.Verify(token); err == nil {
			t.Errorf("%s: verified", name)
		}
	}
}

func TestTokensVerifyWithThePublishedKeys(t *testing.T) {
	sts := entratest.NewSTS(nil)
	r := httptest.NewRequestWithContext(t.Context(), "GET", "https://login.microsoftonline.com/common/discovery/v2.0/keys", nil)
	res, err := sts.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Keys []struct{ Kid, N, E string }
	}
	if err := json.NewDecoder(res.Body).Decode(&set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("%+v, %v", set, err)
	}
	number := func(s string) *big.Int {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return new(big.Int).SetBytes(b)
	}
	key := &rsa.PublicKey{N: number(set.Keys[0].N), E: int(number(set.Keys[0].E).Int64())}
	tok, err := sts.Credential().GetToken(t.Context(), redisScope)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.Parse(tok.Token, func(*jwt.Token) (any, error) { return key, nil }, jwt.WithValidMethods([]string{"RS256"}))
	if err != nil || parsed.Header["kid"] != set.Keys[0].Kid {
		t.Errorf("%+v, %v", parsed, err)
	}
}

func TestConcurrentCallersGetTokensOfTheirOwn(t *testing.T) {
	sts := entratest.NewSTS(nil)
	tokens := make(chan string)
	for range 50 {
		go func() {
			tok, _ := sts.Credential().GetToken(context.Background(), redisScope)
			tokens <- tok.Token
		}()
	}
	seen := map[string]bool{}
	for range 50 {
		claims, err := sts.Verify(<-tokens)
		if err != nil || seen[claims.TokenID] {
			t.Errorf("%+v, %v", claims, err)
		}
		seen[claims.TokenID] = true
	}
	if sts.Issued() != 50 || len(sts.Requests()) != 50 {
		t.Errorf("%d issued, %d requests", sts.Issued(), len(sts.Requests()))
	}
}
