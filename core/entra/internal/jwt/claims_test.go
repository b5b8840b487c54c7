package jwt_test

import (
	"encoding/base64"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/entraredis/entraredis/core/entra/internal/jwt"
)

func TestReadsClaimsOfTheTokenPayload(t *testing.T) {
	b64 := base64.RawURLEncoding.EncodeToString
	for _, tt := range []struct {
		name, payload string
		oid           string
		iat, exp      int64 // microseconds
	}{
		{"all", `{"oid":"o","iat":1700000000,"exp":1700004500}`, "o", 1700000000e6, 1700004500e6},
		{"fractions", `{"oid":"o","iat":1700000000.25,"exp":1700000000.5}`, "o", 17000000002500e2, 17000000005e5},
		{"strings for numbers", `{"oid":"o","iat":"1700000000","exp":null}`, "o", 0, 0},
		{"oid of another type", `{"oid":{"a":1},"iat":1}`, "", 1e6, 0},
		{"out of range", `{"oid":"o","iat":-1,"exp":1e300}`, "o", 0, 0},
		{"beyond numbers", `{"oid":"o","iat":1e400}`, "", 0, 0},
		{"no object", `["oid"]`, "", 0, 0},
		{"nothing", ``, "", 0, 0},
		{"url alphabet", `{"oid":"ÿÿÿ>>>???"}`, "ÿÿÿ>>>???", 0, 0},
	} {
		got := jwt.Read("e30." + b64([]byte(tt.payload)) + ".sig")
		if iat, exp := micros(got.IssuedAt), micros(got.ExpiresOn); got.ObjectID != tt.oid || iat != tt.iat || exp != tt.exp {
			t.Errorf("%s: %q %d %d, want %q %d %d", tt.name, got.ObjectID, iat, exp, tt.oid, tt.iat, tt.exp)
		}
	}
	padded := base64.URLEncoding.EncodeToString([]byte(`{"oid":"o"}`))
	for token, want := range map[string]string{
		"e30." + padded + ".":   "o",
		"e30." + padded:         "", // two parts are no JWT
		"." + padded + ".":      "o",
		"":                      "",
		"..":                    "",
		"e30.not base64 !!.sig": "",
	} {
		if got := jwt.Read(token).ObjectID; got != want {
			t.Errorf("%q: oid %q, want %q", token, got, want)
		}
	}
}

func TestReadsWhomATokenIsForAndOf(t *testing.T) {
	for payload, want := range map[string]jwt.Claims{
		`{"aud":"https://redis.azure.com","appid":"a"}`:   {Audience: "https://redis.azure.com", ClientID: "a"},
		`{"aud":"acca","azp":"a"}`:                        {Audience: "acca", ClientID: "a"},
		`{"appid":"a","azp":"b"}`:                         {ClientID: "a"},
		`{"aud":["x","y"],"appid":1,"azp":["b"]}`:         {},
		`{"aud":null,"appid":"","azp":"ignored, for v1"}`: {},
	} {
		if got := jwt.Read("e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".sig"); got != want {
			t.Errorf("%s: %+v, want %+v", payload, got, want)
		}
	}
}

// micros returns the microseconds since 1970, 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func TestLifetimeIsTheDifferenceOfTwoClaims(t *testing.T) {
	noon := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name   string
		claims jwt.Claims
		want   time.Duration
	}{
		{"both", jwt.Claims{IssuedAt: noon, ExpiresOn: noon.Add(time.Hour)}, time.Hour},
		{"no iat", jwt.Claims{ExpiresOn: noon}, 0},
		{"no exp", jwt.Claims{IssuedAt: noon}, 0},
		{"exp before iat", jwt.Claims{IssuedAt: noon, ExpiresOn: noon.Add(-time.Hour)}, 0},
	} {
		if got := tt.claims.Lifetime(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func FuzzTokenPayload(f *testing.F) {
	for _, payload := range []string{
		`{"oid":"0f8fad5b","iat":1700000000,"exp":1700004500.5}`, `{"oid":1}`, `{"iat":1e999}`, `[]`, `{`, ``, "\x00", `{"oid":"\ud800"}`,
	} {
		f.Add("e30", base64.RawURLEncoding.EncodeToString([]byte(payload)), "sig")
	}
	f.Add("", "", "")
	f.Add("a.b", "c.d", "====")
	f.Fuzz(func(t *testing.T, header, payload, signature string) {
		got := jwt.Read(header + "." + payload + "." + signature)
		if !utf8.ValidString(got.ObjectID) {
			t.Errorf("oid %q", got.ObjectID)
		}
		const year9999 = 253402300799e6
		if iat, exp := micros(got.IssuedAt), micros(got.ExpiresOn); iat < 0 || exp < 0 || iat > year9999 || exp > year9999 {
			t.Errorf("iat %d exp %d", iat, exp)
		}
	})
}
