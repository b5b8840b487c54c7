package entratest_test

import (
	"sync"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// Every connection is renewed every half lifetime, at a time of its own, while all send commands. None may end, and
// all must end once nobody renews them.
func TestGatewayKeepsRenewedConnectionsUnderLoad(t *testing.T) {
	const connections, renewals = 50, 2
	onBothWithLifetime(t, func(t *testing.T, s *site, life time.Duration) {
		begin := time.Now()
		var work sync.WaitGroup
		for i := range connections {
			c := login(t, s)
			work.Go(func() {
				for turn := range renewals {
					renew := begin.Add(life/4 + time.Duration(turn)*life/2 + time.Duration(i)*life/4/connections)
					for time.Now().Before(renew) {
						if !c.try(cmd("INCR", "n")+cmd("PING"), 2) {
							t.Errorf("connection %d ended, %v after the start", i, time.Since(begin))
							return
						}
						<-time.After(life / 100)
					}
					tok, err := s.sts.Credential().GetToken(t.Context(), redisScope)
					if err != nil || !c.try(cmd("AUTH", entratest.ObjectID, tok.Token), 1) {
						t.Errorf("connection %d was not renewed, %v after the start: %v", i, time.Since(begin), err)
						return
					}
				}
			})
		}
		work.Wait()
		want := connections * (renewals + 1)
		if st := s.gateway.Stats(); st.Auths != want || st.Expired != 0 || st.Refused != 0 || st.Open != connections {
			t.Errorf("%+v, want %d AUTHs", st, want)
		}
		<-time.After(life + s.slack)
		s.eventually(t, "all have expired", func() bool {
			st := s.gateway.Stats()
			return st.Expired == connections && st.Open == 0
		})
	})
}

// try sends commands and reads as many lines, none of which may be an error.
func (c *raw) try(commands string, lines int) bool {
	if _, err := c.Write([]byte(commands)); err != nil {
		return false
	}
	for range lines {
		line, err := c.r.ReadString('\n')
		if err != nil || line[0] == '-' {
			return false
		}
	}
	return true
}
