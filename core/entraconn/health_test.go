package entraconn_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

// A cache that refuses the identity costs the others nothing: neither tokens nor AUTHs, in a day,
// and the Source says which one it is.
func TestRefusingCacheCostsAHealthyOneNothing(t *testing.T) {
	var tokens, auths [2]int
	for i, refuses := range []bool{false, true} {
		inBubble(t, func(s *site) {
			const other = "127.0.0.5:6380"
			s.listen(other).Inject(entratest.WireFault{RefuseAuth: "WRONGPASS no assignment here"})
			healthy := s.dialer(nil)()
			defer healthy.Close()
			healthy.do("PING", "+PONG")
			dial := entraconn.NewDialer(s.src, nil).DialFunc(s.network.DialContext)
			for end := time.Now().Add(24 * time.Hour); time.Now().Before(end); time.Sleep(10 * time.Second) {
				if !refuses {
					continue
				}
				if s.logsIn(dial, other) {
					t.Fatal("not refused")
				}
				if st := s.src.Status(); st.Health != entra.HealthDegraded || !strings.Contains(st.Reason, other+" refuses it") {
					t.Fatalf("%s: %s", st.Health, st.Reason)
				}
			}
			healthy.do("PING", "+PONG")
			tokens[i], auths[i] = s.sts.Issued(), s.gateway.Stats().Auths
			if n := s.events.forcedRefreshes(); n > 3 {
				t.Errorf("%d tokens were replaced early", n)
			}
		})
	}
	t.Logf("tokens %d, with a refusing cache %d; AUTHs %d, with a refusing cache %d", tokens[0], tokens[1], auths[0], auths[1])
	if tokens[0] < 20 || tokens[1] > tokens[0]+3 || auths[0] < 20 || auths[1] > auths[0]+3 {
		t.Errorf("tokens %d, with a refusing cache %d; AUTHs %d, with a refusing cache %d", tokens[0], tokens[1], auths[0], auths[1])
	}
}

// A cache that refuses every token of the only identity has three tokens replaced early, not one
// every ten minutes.
func TestRefusingCacheAloneHasThreeTokensReplaced(t *testing.T) {
	inBubble(t, func(s *site) {
		s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS no assignment here"})
		dial := entraconn.NewDialer(s.src, nil).DialFunc(s.network.DialContext)
		for end := time.Now().Add(24 * time.Hour); time.Now().Before(end); time.Sleep(10 * time.Second) {
			if s.logsIn(dial, addr) {
				t.Fatal("not refused")
			}
			if st := s.src.Status(); st.Health != entra.HealthRefused {
				t.Fatalf("%s: %s", st.Health, st.Reason)
			}
		}
		if n := s.events.forcedRefreshes(); n != 3 {
			t.Errorf("%d tokens were replaced early", n)
		}
	})
}

// Three proxies stand behind one address, and one of them has not heard of the access policy.
func TestProxyThatRefusesMakesItsAddressMixed(t *testing.T) {
	inBubble(t, func(s *site) {
		proxies := []string{addr, "127.0.0.5:6380", "127.0.0.6:6380"}
		s.listen(proxies[1])
		fault := s.listen(proxies[2]).Inject(entratest.WireFault{RefuseAuth: "WRONGPASS who is that"})
		dials := 0
		dial := entraconn.NewDialer(s.src, nil).DialFunc(func(ctx context.Context, network, _ string) (net.Conn, error) {
			dials++
			return s.network.DialContext(ctx, network, proxies[dials%len(proxies)])
		})
		const balancer = "127.0.0.7:10000"
		for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(time.Second) {
			s.logsIn(dial, balancer)
			if st := s.src.Status(); fault.Hits() > 1 && st.Health != entra.HealthDegraded {
				t.Fatalf("after %d dials: %s: %s", dials, st.Health, st.Reason)
			}
		}
		if got := s.src.Status().Servers; len(got) != 1 || got[0].Addr != balancer || got[0].State != entra.ServerMixed {
			t.Errorf("%+v", got)
		}
		if hits := fault.Hits(); hits < 5 || hits > dials/2 {
			t.Errorf("%d of %d logins were refused: nothing was tested", hits, dials)
		}
		fault.Remove()
		for end := time.Now().Add(time.Minute + time.Second); time.Now().Before(end); time.Sleep(time.Second) {
			s.logsIn(dial, balancer)
		}
		if st := s.src.Status(); st.Health != entra.HealthReady {
			t.Errorf("a minute after the last refusal: %s: %s", st.Health, st.Reason)
		}
	})
}

// Two clients share a Source: what one learns of a server counts for both.
func TestClientsShareWhatTheyLearnOfAServer(t *testing.T) {
	inBubble(t, func(s *site) {
		fault := s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS not yet"})
		first := entraconn.NewDialer(s.src, nil).DialFunc(s.network.DialContext)
		second := entraconn.NewDialer(s.src, nil).DialFunc(s.network.DialContext)
		if s.logsIn(first, addr) || s.logsIn(second, addr) {
			t.Error("not refused")
		}
		check := func(want entra.Health) {
			t.Helper()
			if st := s.src.Status(); st.Health != want || len(st.Servers) != 1 || st.Servers[0].User != entratest.ObjectID {
				t.Errorf("%s, want %s: %+v", st.Health, want, st.Servers)
			}
		}
		check(entra.HealthRefused)
		fault.Remove()
		for !s.logsIn(second, addr) {
			time.Sleep(100 * time.Millisecond)
		}
		check(entra.HealthReady)
	})
}

func TestObserverLearnsWhichUserLogsIn(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.dialer(nil)()
		defer c.Close()
		c.do("PING", "+PONG")
		s.afterRotation()
		c.do("PING", "+PONG")
		s.events.mu.Lock()
		defer s.events.mu.Unlock()
		if len(s.events.users) != 1 || !s.events.users[entratest.ObjectID] || s.events.auths[entra.AuthRotation] != 1 {
			t.Errorf("AUTHs named %v, %v", s.events.users, s.events.auths)
		}
	})
}

// One line says who was refused, by which server, and in which words.
func TestRefusalIsOneLineInTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network, sts := entratest.NewNetwork(), entratest.NewSTS(nil)
		l, err := network.Listen(addr)
		if err != nil {
			t.Fatal(err)
		}
		gateway := entratest.NewGateway(l, &entratest.GatewayOptions{STS: sts})
		defer gateway.Close()
		var log bytes.Buffer
		src, err := entra.NewSource(sts.Credential(), &entra.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		s := &site{t: t, network: network, sts: sts, gateway: gateway, src: src}
		gateway.Inject(entratest.WireFault{RefuseAuth: "ERR unknown command 'AUTH'"})
		dial := entraconn.NewDialer(src, &entraconn.Options{Library: "lib", Name: "carts"}).DialFunc(network.DialContext)
		for range 60 {
			s.logsIn(dial, addr)
			time.Sleep(time.Second)
		}
		synctest.Wait()
		line, rest, _ := strings.Cut(log.String(), "\n")
		if rest != "" || sts.Issued() != 1 {
			t.Errorf("%d tokens, and more than one line:\n%s", sts.Issued(), &log)
		}
		for _, part := range []string{
			"level=WARN", "server=" + addr, "user=" + entratest.ObjectID, "library=lib", "pool=carts", "code=ERR", "unknown command 'AUTH'",
		} {
			if !strings.Contains(line, part) {
				t.Errorf("%q does not say %s", line, part)
			}
		}
	})
}
