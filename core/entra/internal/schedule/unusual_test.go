package schedule_test

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra/internal/jwt"
)

// Three days with credentials that are not Entra's: there is always a valid token, and few requests.
func TestUnusualCredentialsOverDays(t *testing.T) {
	const days = 3
	var hour token // the last one of an hour
	for _, tt := range []struct {
		name  string
		token func(*program) token
		most  int // requests in a day
	}{
		{"one opaque token, expiry an hour after each request", func(p *program) token {
			return token{id: 1, expiresOn: p.wall().Add(time.Hour), expires: p.world().Add(time.Hour)}
		}, 40},
		{"one opaque token, expiry a minute after each request", func(p *program) token {
			return token{id: 1, expiresOn: p.wall().Add(time.Minute), expires: p.world().Add(time.Minute)}
		}, 2400},
		{"new tokens of an hour, named 10 minutes", func(p *program) token {
			tok := p.mint(time.Hour)
			tok.expiresOn = p.wall().Add(10 * time.Minute)
			return tok
		}, 240},
		{"tokens of an hour, cached for 50 minutes, named 10 minutes", func(p *program) token {
			if hour.expires.Sub(p.world()) < 10*time.Minute {
				hour = p.mint(time.Hour)
			}
			hour.expiresOn = p.wall().Add(10 * time.Minute)
			return hour
		}, 240},
		{"a token for centuries", func(p *program) token {
			end := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
			return token{id: 1, expiresOn: end, expires: end, claims: jwt.Claims{IssuedAt: p.world(), ExpiresOn: end}}
		}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			hour = token{}
			p := newProgram(1)
			p.ask = func(bool) answer { return answer{token: tt.token(p)} }
			p.sleep(0)
			for range days * 24 * 60 * 4 {
				p.sleep(15 * time.Second)
				if !p.plan.Valid() || p.plan.Failures() > 0 || p.world().After(p.token.expires) {
					t.Fatalf("%v after the start: valid %v, %d failures", p.awake, p.plan.Valid(), p.plan.Failures())
				}
			}
			if n := len(p.asked); n > days*tt.most {
				t.Errorf("%d requests in %d days", n, days)
			}
		})
	}
}

var credentialSeed = flag.Uint64("credential-seed", 0, "the seed of the first random credential; each next one has the next")

// Whatever expiries a credential states and names: no token is served for longer than it is named,
// and a day never has more requests than one every half minute, or than the shortest life explains.
func TestRandomCredentialsBreakNoPromise(t *testing.T) {
	lives := []time.Duration{time.Minute, 10 * time.Minute, time.Hour, 24 * time.Hour, 200 * 365 * 24 * time.Hour}
	for n := range uint64(100) {
		seed := *credentialSeed + n
		r := rand.New(rand.NewPCG(seed, 815))
		stated, named := lives[r.IntN(len(lives))], lives[r.IntN(len(lives))]
		opaque, constant := r.IntN(2) == 0, r.IntN(2) == 0
		p := newProgram(seed)
		p.ask = func(bool) answer {
			tok := token{id: len(p.asked), expiresOn: p.wall().Add(named), expires: p.world().Add(named)}
			if constant {
				tok.id = 1
			}
			if !opaque {
				tok.claims = jwt.Claims{IssuedAt: p.world(), ExpiresOn: p.world().Add(stated)}
				tok.expires = p.world().Add(min(named, stated+time.Minute))
			}
			return answer{token: tok}
		}
		p.sleep(0)
		for range 24 * 60 * 4 {
			p.sleep(15 * time.Second)
			if !p.plan.Valid() || p.world().After(p.token.expires) {
				t.Fatalf("-credential-seed %d: stated %v (opaque %v), named %v, constant %v: valid %v at %v",
					seed, stated, opaque, named, constant, p.plan.Valid(), p.awake)
			}
		}
		shortest := named
		if !opaque {
			shortest = min(named, stated)
		}
		if most := int(24*time.Hour/(shortest/4)) + 10; len(p.asked) > most {
			t.Fatalf("-credential-seed %d: stated %v (opaque %v), named %v, constant %v: %d requests in a day, want %d",
				seed, stated, opaque, named, constant, len(p.asked), most)
		}
	}
}
