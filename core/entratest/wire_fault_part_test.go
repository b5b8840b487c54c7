package entratest_test

import (
	"errors"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

const staticUser, staticPassword = "service", "a password that stays"

// inBubble runs a test on a gateway with options of its own, without TLS.
func inBubble(t *testing.T, opts entratest.GatewayOptions, test func(t *testing.T, s *site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := entratest.NewNetwork()
		l, err := n.Listen("10.0.0.4:6380")
		if err != nil {
			t.Fatal(err)
		}
		s := &site{sts: entratest.NewSTS(nil)}
		opts.STS = s.sts
		s.gateway = entratest.NewGateway(l, &opts)
		t.Cleanup(func() { closed(t, s.gateway) })
		s.dial = plain(s, n.DialContext)
		test(t, s)
	})
}

// refusedLogins returns which of n logins on connections of their own are refused, counted from 1.
func refusedLogins(t *testing.T, s *site, n int, line string) (refused []int) {
	t.Helper()
	auth := cmd("AUTH", entratest.ObjectID, s.token(t))
	for i := range n {
		c := dialRaw(t, s)
		c.send(t, auth)
		switch answer := c.expectLine(t, ""); answer {
		case "-" + line + "\r\n":
			refused = append(refused, i+1)
			c.exchange(t, auth, "-"+line+"\r\n") // for good
		case "+OK\r\n":
			c.exchange(t, auth, "+OK\r\n")
		default:
			t.Fatalf("AUTH was answered %q", answer)
		}
	}
	return refused
}

func TestEveryNthConnectionIsStruck(t *testing.T) {
	inBubble(t, entratest.GatewayOptions{}, func(t *testing.T, s *site) {
		dialRaw(t, s) // it meets no fault, so it has no ordinal
		fault := s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS no", EveryNth: 3})
		if got := refusedLogins(t, s, 7, "WRONGPASS no"); !slices.Equal(got, []int{3, 6}) {
			t.Errorf("connections %v were struck", got)
		}
		if fault.Hits() != 4 {
			t.Errorf("%d hits", fault.Hits())
		}
		fault.Remove()
		resets := s.gateway.Inject(entratest.WireFault{RefuseConn: true, EveryNth: 2})
		login(t, s)
		if err := dialRaw(t, s).expectEnd(t); err == nil {
			t.Error("the second connection was not reset")
		}
		login(t, s)
		if resets.Hits() != 1 {
			t.Errorf("%d hits", resets.Hits())
		}
	})
}

func TestFaultOfOneUserSparesOthers(t *testing.T) {
	inBubble(t, entratest.GatewayOptions{StaticUsers: map[string]string{staticUser: staticPassword}}, func(t *testing.T, s *site) {
		s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS static", User: staticUser, Count: 1})
		s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS token", User: entratest.ObjectID, Count: 1})
		for user, secret := range map[string]string{staticUser: staticPassword, entratest.ObjectID: s.token(t)} {
			line := map[string]string{staticUser: "-WRONGPASS static\r\n", entratest.ObjectID: "-WRONGPASS token\r\n"}[user]
			c := dialRaw(t, s)
			c.exchange(t, cmd("AUTH", user, secret), line)
			c.exchange(t, cmd("AUTH", user, secret), "+OK\r\n")
		}
		var users []string
		for _, a := range s.gateway.Auths() {
			users = append(users, a.User)
		}
		slices.Sort(users)
		if want := []string{entratest.ObjectID, entratest.ObjectID, staticUser, staticUser}; !slices.Equal(users, want) {
			t.Errorf("AUTHs of %v, want %v", users, want)
		}
	})
}

func TestFaultOfOneProxyStrikesItsShare(t *testing.T) {
	inBubble(t, entratest.GatewayOptions{Dialect: entratest.Dialect{Proxies: 3}}, func(t *testing.T, s *site) {
		const logins = 90
		var all []int
		for proxy := 1; proxy <= 3; proxy++ {
			fault := s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS no", Proxy: proxy})
			got := refusedLogins(t, s, logins, "WRONGPASS no")
			if len(got) < logins/5 || len(got) > logins/2 {
				t.Errorf("proxy %d got %d of %d connections", proxy, len(got), logins)
			}
			all = append(all, len(got))
			fault.Remove()
		}
		t.Logf("connections of the proxies: %v of %d", all, logins)
	})
}

func TestStaticUserLogsInAndNeverExpires(t *testing.T) {
	inBubble(t, entratest.GatewayOptions{StaticUsers: map[string]string{staticUser: staticPassword, "default": "x"}}, func(t *testing.T, s *site) {
		c := dialRaw(t, s)
		c.send(t, cmd("AUTH", staticUser, s.token(t)))
		c.expectLine(t, wrongPass)
		c.exchange(t, cmd("AUTH", staticUser, staticPassword)+cmd("PING"), "+OK\r\n+PONG\r\n")
		other := dialRaw(t, s)
		other.send(t, cmd("AUTH", "y"))
		other.expectLine(t, wrongPass)
		other.exchange(t, cmd("AUTH", "x"), "+OK\r\n")
		withToken := login(t, s)
		time.Sleep(entratest.DefaultLifetime + time.Minute)
		c.exchange(t, cmd("PING"), "+PONG\r\n")
		other.exchange(t, cmd("PING"), "+PONG\r\n")
		withToken.expectEnd(t)
		if n := s.gateway.Stats().Expired; n != 1 {
			t.Errorf("%d connections expired", n)
		}
	})
}

func TestSilentAuthIsAnsweredWhenTheFaultIsRemoved(t *testing.T) {
	inBubble(t, entratest.GatewayOptions{}, func(t *testing.T, s *site) {
		before := login(t, s)
		fault := s.gateway.Inject(entratest.WireFault{SilentAuth: true, LoginOnly: true})
		auth := cmd("AUTH", entratest.ObjectID, s.token(t))
		before.exchange(t, auth, "+OK\r\n") // it is logged in
		hello := cmd("HELLO", "3", "SETNAME", "n", "AUTH", entratest.ObjectID, s.token(t))
		var waiting []*raw
		for _, login := range []string{auth, hello} {
			c := dialRaw(t, s)
			c.send(t, cmd("PING")+login+cmd("PING"))
			c.expectLine(t, "-NOAUTH")
			wantSilence(t, c, 10*time.Minute)
			waiting = append(waiting, c)
		}
		fault.Remove()
		waiting[0].expect(t, "+OK\r\n+PONG\r\n")
		waiting[1].expectLine(t, "%7")
	})
	inBubble(t, entratest.GatewayOptions{}, func(t *testing.T, s *site) { // and does not hold up Close
		s.gateway.Inject(entratest.WireFault{SilentAuth: true})
		dialRaw(t, s).send(t, cmd("AUTH", entratest.ObjectID, s.token(t)))
		synctest.Wait()
	})
}

// wantSilence reads for some time, and fails if anything comes.
func wantSilence(t *testing.T, c *raw, d time.Duration) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(d)); err != nil {
		t.Fatal(err)
	}
	b, err := c.Read(make([]byte, 1))
	if b != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read %d bytes, %v; want silence", b, err)
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
}

func TestLateAuthHoldsUpWhatFollows(t *testing.T) {
	inBubble(t, entratest.GatewayOptions{}, func(t *testing.T, s *site) {
		fault := s.gateway.Inject(entratest.WireFault{LateAuth: 1600 * time.Millisecond})
		c := dialRaw(t, s)
		start := time.Now()
		c.send(t, cmd("AUTH", entratest.ObjectID, s.token(t))+cmd("PING"))
		synctest.Wait()
		fault.Remove() // which does not shorten it
		c.expect(t, "+OK\r\n+PONG\r\n")
		if d := time.Since(start); d != 1600*time.Millisecond {
			t.Errorf("took %v", d)
		}
	})
}

func TestSilentConnectionsAnswerWhenTheFaultIsRemoved(t *testing.T) {
	inBubble(t, entratest.GatewayOptions{}, func(t *testing.T, s *site) {
		before := login(t, s)
		fault := s.gateway.Inject(entratest.WireFault{Silent: true})
		after := dialRaw(t, s)
		after.send(t, cmd("PING"))
		before.send(t, cmd("PING"))
		wantSilence(t, before, 10*time.Minute)
		wantSilence(t, after, 10*time.Minute)
		fault.Remove()
		before.expect(t, "+PONG\r\n")
		after.expect(t, noAuth)
		if fault.Hits() != 2 {
			t.Errorf("%d hits", fault.Hits())
		}
	})
}
