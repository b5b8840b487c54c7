package entratest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
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

// An issuer makes tokens, and remembers of each what it does not say of itself.
type issuer struct {
	clock    *clock
	objectID string

	mu        sync.Mutex
	lifetime  time.Duration
	refreshIn time.Duration
	issued    int // tokens, made-up ones not counted
	last      issuedToken
	revoked   map[string]bool // token ids
	// starvedAt is how long the program had starved when a token was issued, by token id. It is nil until a token is
	// issued by an STS with Starved.
	starvedAt map[string]time.Duration
}

func (i *issuer) setLifetime(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.lifetime = d
}

func (i *issuer) setRefreshIn(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.refreshIn = d
}

func (i *issuer) count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.issued
}

func (i *issuer) isRevoked(tokenID string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.revoked[tokenID]
}

// issue makes a token, or serves the one before again if the fault says so.
func (i *issuer) issue(r tokenRequest) (issuedToken, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if r.fault.Repeat && i.last.value != "" {
		return i.last, nil
	}
	now := i.clock.now().UTC().Truncate(time.Microsecond) // what a number of seconds in a JSON float can hold
	t := issuedToken{issuedAt: now, expiresOn: now.Add(i.lifetime), refreshIn: i.refreshIn}
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
		"oid": i.objectID, "sub": i.objectID, "uti": id,
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
	i.issued++
	i.last = t
	if i.clock.starved != nil {
		if i.starvedAt == nil {
			i.starvedAt = map[string]time.Duration{}
		}
		i.starvedAt[id] = i.clock.starvation()
	}
	if r.fault.Revoked {
		if i.revoked == nil {
			i.revoked = map[string]bool{}
		}
		i.revoked[id] = true
	}
	return t, nil
}

// endOf returns when a token ends, in the time of [clock.judged]. Starvation before the token was issued does not count
// for it. A token of another STS has no grace before its first judgement.
func (i *issuer) endOf(c Claims) time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	starved, ok := i.starvedAt[c.TokenID]
	if !ok {
		starved = i.clock.starvation()
	}
	return c.ExpiresOn.Add(-starved)
}

// numericDate writes a time as RFC 7519 does, with a fraction only where there is one.
func numericDate(t time.Time) json.Number {
	if t.Nanosecond() == 0 {
		return json.Number(fmt.Sprint(t.Unix()))
	}
	return json.Number(fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000))
}
