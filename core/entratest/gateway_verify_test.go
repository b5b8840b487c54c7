package entratest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// A connection stays until its last login says, also if that has the same password as the one before.
func TestVerifyJudgesOtherTokens(t *testing.T) {
	verify := func(user, password string) (time.Time, bool) {
		switch user + " " + password {
		case "app hourly":
			return time.Now().Add(time.Hour), true
		case "app forever":
			return time.Time{}, true
		}
		return time.Time{}, false
	}
	inBubble(t, entratest.GatewayOptions{Verify: verify}, func(t *testing.T, s *site) {
		c := dialRaw(t, s)
		for _, bad := range [][2]string{{"app", "wrong"}, {"other", "hourly"}, {entratest.ObjectID, s.token(t)}} {
			c.send(t, cmd("AUTH", bad[0], bad[1]))
			c.expectLine(t, wrongPass)
		}
		c.exchange(t, cmd("AUTH", "app", "hourly")+cmd("PING"), "+OK\r\n+PONG\r\n")
		once, kept := dialRaw(t, s), dialRaw(t, s)
		once.exchange(t, cmd("AUTH", "app", "hourly"), "+OK\r\n")
		kept.exchange(t, cmd("AUTH", "app", "forever"), "+OK\r\n")
		time.Sleep(50 * time.Minute)
		c.exchange(t, cmd("AUTH", "app", "hourly"), "+OK\r\n")
		time.Sleep(50 * time.Minute)
		c.exchange(t, cmd("PING"), "+PONG\r\n")
		once.expectEnd(t)
		time.Sleep(11 * time.Minute)
		c.expectEnd(t)
		kept.exchange(t, cmd("PING"), "+PONG\r\n")
		synctest.Wait()
		if n := s.gateway.Stats().Expired; n != 2 {
			t.Errorf("%d connections expired", n)
		}
	})
}
