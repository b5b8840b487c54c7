package entratest_test

import (
	"sync"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// Every connection renews its token every half lifetime, at a time of its own, while all send
// commands. None may end before the renewals stop, and all must end afterwards.
func TestGatewayKeepsRenewedConnectionsUnderLoad(t *testing.T) {
	const connections, renewals = 50, 2
	// In steps of a hundredth of a life: no token is older than three quarters of its life when it is replaced. At the
	// end the tokens of the login and of the first renewal have expired.
	const first, again, spread, end = 25, 50, 25, 160
	onBothInServerTime(t, func(t *testing.T, s *serverTime) {
		var conns []*raw
		for range connections {
			conns = append(conns, login(t, s.site))
		}
		for step := range end {
			var work sync.WaitGroup
			for i, c := range conns {
				turn := step - first - i*spread/connections
				work.Go(func() {
					if turn >= 0 && turn%again == 0 && turn/again < renewals {
						tok, err := s.sts.Credential().GetToken(t.Context(), redisScope)
						if err != nil || !c.try(cmd("AUTH", entratest.ObjectID, tok.Token), 1) {
							t.Errorf("connection %d was not renewed in step %d: %v", i, step, err)
						}
					}
					if !c.try(cmd("INCR", "n")+cmd("PING"), 2) {
						t.Errorf("connection %d ended before step %d", i, step)
					}
				})
			}
			work.Wait()
			if t.Failed() {
				return
			}
			s.advance(life / 100)
		}
		want := connections * (renewals + 1)
		if st := s.gateway.Stats(); st.Auths != want || st.Expired != 0 || st.Refused != 0 || st.Open != connections {
			t.Errorf("%+v, want %d AUTHs", st, want)
		}
		s.advance(life + time.Second)
		s.eventually(t, "all have expired", func() bool {
			st := s.gateway.Stats()
			return st.Expired == connections && st.Open == 0
		})
	})
}
