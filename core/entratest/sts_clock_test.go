package entratest_test

import (
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// A clock that is set forward brings the end of every connection nearer, one that is set back takes it farther away,
// and one that is set beyond a token's end ends its connections at once.
func TestGatewayExpiresByTheClockThatIsSet(t *testing.T) {
	const step = 2 * time.Minute
	onMiniredis(t, func(t *testing.T, s *site) {
		for ahead, early := range map[time.Duration]time.Duration{step: step, -step: -step, 2 * entratest.DefaultLifetime: entratest.DefaultLifetime / 2} {
			start := time.Now()
			c := login(t, s)
			<-time.After(entratest.DefaultLifetime / 2)
			s.sts.SetClock(ahead)
			endsWith(t, s, c, start, entratest.DefaultLifetime-early)
			s.sts.SetClock(0)
		}
	})
}

func TestTokensCarryTheDatesOfTheClockThatIsSet(t *testing.T) {
	const step = 2 * time.Minute
	onMiniredis(t, func(t *testing.T, s *site) {
		s.sts.SetClock(step)
		start := time.Now()
		direct, err := s.sts.Credential().GetToken(t.Context(), redisScope)
		if err != nil {
			t.Fatal(err)
		}
		if got := direct.ExpiresOn.Sub(start); got != entratest.DefaultLifetime+step {
			t.Errorf("the token ends %v from now on this machine's clock", got)
		}
		secret, err := s.sts.ClientSecretCredential()
		if err != nil {
			t.Fatal(err)
		}
		told, err := secret.GetToken(t.Context(), redisScope)
		if err != nil {
			t.Fatal(err)
		}
		if got := told.ExpiresOn.Sub(start); got != entratest.DefaultLifetime {
			t.Errorf("expires_in made %v", got)
		}
		c := dialRaw(t, s)
		c.exchange(t, cmd("AUTH", entratest.ObjectID, direct.Token), "+OK\r\n")
		endsWith(t, s, c, start, entratest.DefaultLifetime)
	})
}

func TestGatewayRefusesARevokedToken(t *testing.T) {
	onMiniredis(t, func(t *testing.T, s *site) {
		fault := s.sts.Inject(entratest.Fault{Revoked: true, Count: 1})
		revoked, good := s.token(t), s.token(t)
		if fault.Hits() != 1 {
			t.Errorf("%d tokens were revoked", fault.Hits())
		}
		if _, err := s.sts.Verify(revoked); err != nil {
			t.Errorf("the token itself is said to be no good: %v", err)
		}
		c := dialRaw(t, s)
		c.exchange(t, cmd("AUTH", entratest.ObjectID, good), "+OK\r\n")
		c.send(t, cmd("AUTH", entratest.ObjectID, revoked))
		c.expectLine(t, wrongPass)
		c.exchange(t, cmd("PING"), "+PONG\r\n") // it is still logged in
	})
}
