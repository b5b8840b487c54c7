package entratest

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// The two spellings of what a token for Redis is for.
const (
	redisAudience   = "https://redis.azure.com"
	redisAudienceID = "acca5fbb-b7e4-4009-81f1-37e38fd66d78"
)

// clockSkew is how far back Entra sets nbf, for servers whose clock is slow.
const clockSkew = 5 * time.Minute

type tokenRequest struct {
	audience, tenant, client string
	fault                    Fault
	// wholeSeconds is for HTTP, where answers know no fractions: the token then ends with the second.
	wholeSeconds bool
}

type issuedToken struct {
	value               string
	issuedAt, expiresOn time.Time
	refreshIn           time.Duration
}

// secondsLeft never promises more than the token has.
func (t issuedToken) secondsLeft(now time.Time) int {
	return int(math.Floor(t.expiresOn.Sub(now).Seconds()))
}

// issue makes a token, or serves the one before again if the fault says so.
func (s *STS) issue(r tokenRequest) (issuedToken, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.fault.Repeat && s.last.value != "" {
		return s.last, nil
	}
	now := s.clock.now().UTC().Truncate(time.Microsecond) // what a number of seconds in a JSON float can hold
	t := issuedToken{issuedAt: now, expiresOn: now.Add(s.lifetime), refreshIn: s.refreshIn}
	if r.wholeSeconds {
		t.issuedAt = now.Truncate(time.Second)
		if whole := t.expiresOn.Truncate(time.Second); whole != t.expiresOn {
			t.expiresOn = whole.Add(time.Second)
		}
	}
	if r.fault.Token != "" {
		t.value = r.fault.Token
		return t, nil
	}
	id := rand.Text()
	issuer := "https://sts.windows.net/" + r.tenant + "/"
	claims := jwt.MapClaims{
		"aud": r.audience, "iss": issuer, "idp": issuer, "tid": r.tenant, "ver": "1.0",
		"iat": numericDate(t.issuedAt), "nbf": numericDate(t.issuedAt.Add(-clockSkew)), "exp": numericDate(t.expiresOn),
		"appid": r.client, "appidacr": "1", "idtyp": "app",
		"oid": s.objectID, "sub": s.objectID, "uti": id,
	}
	if r.fault.NoObjectID {
		delete(claims, "oid")
	}
	maps.Copy(claims, r.fault.Claims)
	var err error
	t.value, err = signingKey().sign(claims)
	if err != nil {
		return issuedToken{}, fmt.Errorf("entratest: signing a token: %w", err)
	}
	s.issued++
	s.last = t
	if s.clock.starved != nil {
		if s.starvedAt == nil {
			s.starvedAt = map[string]time.Duration{}
		}
		s.starvedAt[id] = s.clock.starvation()
	}
	if r.fault.Revoked {
		s.revokeLocked(id)
	}
	return t, nil
}

// numericDate writes a time as RFC 7519 does, with a fraction only where there is one.
func numericDate(t time.Time) json.Number {
	if t.Nanosecond() == 0 {
		return json.Number(fmt.Sprint(t.Unix()))
	}
	return json.Number(fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000))
}

func parseNumericDate(claims jwt.MapClaims, name string) (time.Time, error) {
	n, _ := claims[name].(json.Number)
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		return time.Time{}, fmt.Errorf("entratest: claim %s is not a number", name)
	}
	micros := new(big.Int).Quo(new(big.Int).Mul(r.Num(), big.NewInt(1e6)), r.Denom())
	return time.UnixMicro(micros.Int64()).UTC(), nil
}

// Claims is what a Redis server wants to know of a token.
type Claims struct {
	ObjectID            string // oid: the user name
	TokenID             string // uti: unique for each token
	IssuedAt, ExpiresOn time.Time
}

// ErrExpired is returned by [STS.Verify] for a token that was good once.
var ErrExpired = errors.New("entratest: the token has expired")

// Verify checks a token as Azure's Redis does: signed by this process's key, for Redis, not yet expired. Every
// STS of a process signs with the same key. The Claims are filled as far as the token could be read and its
// signature holds, also next to an error. That a token was revoked does not show in it.
func (s *STS) Verify(token string) (Claims, error) {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithJSONNumber(), jwt.WithoutClaimsValidation())
	claims := jwt.MapClaims{}
	_, err := parser.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return &signingKey().private.PublicKey, nil })
	if err != nil {
		return Claims{}, fmt.Errorf("entratest: %w", err)
	}
	var c Claims
	c.ObjectID, _ = claims["oid"].(string)
	c.TokenID, _ = claims["uti"].(string)
	if c.IssuedAt, err = parseNumericDate(claims, "iat"); err != nil {
		return c, err
	}
	if c.ExpiresOn, err = parseNumericDate(claims, "exp"); err != nil {
		return c, err
	}
	audience, _ := claims["aud"].(string)
	if a := strings.TrimRight(audience, "/"); a != redisAudience && a != redisAudienceID {
		return c, fmt.Errorf("entratest: the token is for %q, not for Redis", audience)
	}
	if !s.clock.judged().Before(s.endOf(c)) {
		return c, ErrExpired
	}
	return c, nil
}

// endOf returns when a token ends, in the time of [clock.judged]. Starvation before the token was issued does not count
// for it. A token of another STS has no grace before its first judgement.
func (s *STS) endOf(c Claims) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	starved, ok := s.starvedAt[c.TokenID]
	if !ok {
		starved = s.clock.starvation()
	}
	return c.ExpiresOn.Add(-starved)
}
