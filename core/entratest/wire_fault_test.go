package entratest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

func plain(s *site, dial func(context.Context, string, string) (net.Conn, error)) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) { return dial(ctx, "tcp", s.gateway.Addr()) }
}

func toAddr(addr string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, "tcp", addr) }
}

func TestRefuseAuthAtLoginAndInRotation(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		auth := cmd("AUTH", entratest.ObjectID, s.token(t))
		login := s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS at login", LoginOnly: true, Count: 2})
		rotation := s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS in rotation", RotationOnly: true})
		c := dialRaw(t, s)
		c.exchange(t, auth+cmd("HELLO", "2", "AUTH", entratest.ObjectID, s.token(t)), "-WRONGPASS at login\r\n-WRONGPASS at login\r\n")
		c.exchange(t, auth, "+OK\r\n")
		c.exchange(t, auth+cmd("PING"), "-WRONGPASS in rotation\r\n+PONG\r\n")
		rotation.Remove()
		c.exchange(t, auth, "+OK\r\n")
		if login.Hits() != 2 || rotation.Hits() != 1 {
			t.Errorf("hits %d and %d", login.Hits(), rotation.Hits())
		}
		var errs []string
		for _, a := range s.gateway.Auths() {
			errs = append(errs, a.Err)
			if a.TokenID == "" || a.Conn != 1 || a.At.IsZero() {
				t.Errorf("%+v", a)
			}
		}
		if len(errs) != 5 || errs[1] != "WRONGPASS at login" || errs[2] != "" || errs[3] != "WRONGPASS in rotation" {
			t.Errorf("auths: %q", errs)
		}
	})
}

func TestRefuseSilentlyAnswersNoAuthBehindOtherCommands(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		auth, hello := cmd("AUTH", entratest.ObjectID, s.token(t)), cmd("HELLO", "2", "AUTH", entratest.ObjectID, s.token(t))
		c := dialRaw(t, s)
		c.exchange(t, auth, "+OK\r\n")
		fault := s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS", RefuseSilently: true})
		c.exchange(t, cmd("PING")+auth+hello+cmd("ECHO", "x"), "+PONG\r\n$1\r\nx\r\n")
		c.exchange(t, auth+cmd("PING"), "-WRONGPASS\r\n+PONG\r\n")
		if fault.Hits() != 3 || s.gateway.Stats().Refused != 3 {
			t.Errorf("%d hits, %d refused", fault.Hits(), s.gateway.Stats().Refused)
		}
		fault.Remove()
		c.exchange(t, cmd("PING")+auth, "+PONG\r\n+OK\r\n")
	})
}

func TestRefuseAuthSaysExactlyWhatItIsTold(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		c := dialRaw(t, s)
		for _, line := range []string{
			"WRONGPASS", "ERR WRONGPASS invalid", "ERR", "no code", "lower", "LOADING", "ERR  two  spaces ", strings.Repeat("x", 300),
		} {
			s.gateway.Inject(entratest.WireFault{RefuseAuth: line, Count: 1})
			c.exchange(t, cmd("AUTH", entratest.ObjectID, s.token(t)), "-"+line+"\r\n")
		}
	})
}

func TestStayInRESP2AnswersHelloInRESP2(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		fault := s.gateway.Inject(entratest.WireFault{StayInRESP2: true})
		login := cmd("AUTH", entratest.ObjectID, s.token(t))
		for _, hello := range []string{cmd("HELLO", "3"), cmd("hello", "3", "SETNAME", "me"), cmd("HELLO", "3", "AUTH", entratest.ObjectID, s.token(t))} {
			c := dialRaw(t, s)
			c.exchange(t, login, "+OK\r\n")
			c.send(t, hello)
			c.expectLine(t, "*14\r\n")
			c.send(t, cmd("ECHO", "end"))
			said := ""
			for !strings.HasSuffix(said, "$3\r\nend\r\n") {
				said += c.expectLine(t, "")
			}
			if !strings.Contains(said, "proto\r\n:2\r\n") {
				t.Errorf("HELLO was answered %q", said)
			}
			c.exchange(t, cmd("GET", "nothing"), "$-1\r\n")
		}
		if fault.Hits() != 3 {
			t.Errorf("%d hits", fault.Hits())
		}
		fault.Remove()
		c := dialRaw(t, s)
		c.exchange(t, login, "+OK\r\n")
		c.send(t, cmd("HELLO", "3"))
		c.expectLine(t, "%7\r\n")
	})
}

func TestFullServerSaysSoAndCloses(t *testing.T) {
	const full = "-ERR max number of clients reached\r\n"
	onBoth(t, func(t *testing.T, s *site) {
		s.gateway.Inject(entratest.WireFault{MaxClients: true, Count: 1})
		c := dialRaw(t, s)
		c.expect(t, full)
		if err := c.expectEnd(t); !errors.Is(err, io.EOF) {
			t.Errorf("ended with %v", err)
		}
		login(t, s)
	})
	synctest.Test(t, func(t *testing.T) {
		n := entratest.NewNetwork()
		l, err := n.Listen("redis.test:6380")
		if err != nil {
			t.Fatal(err)
		}
		s := &site{sts: entratest.NewSTS(nil)}
		s.gateway = entratest.NewGateway(l, &entratest.GatewayOptions{STS: s.sts, MaxClients: 1})
		defer closed(t, s.gateway)
		s.dial = plain(s, n.DialContext)
		first := login(t, s)
		dialRaw(t, s).expect(t, full)
		_ = first.Close()
		synctest.Wait()
		login(t, s)
	})
}

func TestRefusedConnectionsAreReset(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		down := s.gateway.Inject(entratest.WireFault{RefuseConn: true})
		for range 2 {
			c, err := s.dial(t.Context())
			if err == nil { // else it met the reset in its TLS handshake
				_, err = c.Read(make([]byte, 1))
				_ = c.Close()
			}
			if !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("err = %v", err)
			}
		}
		down.Remove()
		login(t, s)
		if st := s.gateway.Stats(); down.Hits() != 2 || st.Accepted != 3 || st.Open != 1 {
			t.Errorf("%d hits, %+v", down.Hits(), st)
		}
	})
}

func TestCutAfterSoManyBytes(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		c := login(t, s)
		c.exchange(t, cmd("PING"), "+PONG\r\n")
		s.gateway.Inject(entratest.WireFault{CutAfter: 10, Count: 1})
		c.exchange(t, cmd("PING"), "+PONG\r\n")
		c.exchange(t, cmd("PING"), "+PO")
		if err := c.expectEnd(t); !errors.Is(err, io.EOF) {
			t.Errorf("ended with %v", err)
		}
		login(t, s).exchange(t, cmd("PING")+cmd("PING"), "+PONG\r\n+PONG\r\n")
	})
}

func TestGarbageComesBeforeTheNextReply(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		c := login(t, s)
		s.gateway.Inject(entratest.WireFault{Garbage: []byte("?!\r\n"), Count: 1})
		c.exchange(t, cmd("PING"), "?!\r\n+PONG\r\n")
		c.exchange(t, cmd("PING"), "+PONG\r\n")
	})
}

func TestDelayHoldsUpACommand(t *testing.T) {
	onMiniredis(t, func(t *testing.T, s *site) {
		c := login(t, s)
		s.gateway.Inject(entratest.WireFault{Delay: time.Minute, Count: 2})
		start := time.Now()
		c.exchange(t, cmd("PING")+cmd("PING")+cmd("PING"), "+PONG\r\n+PONG\r\n+PONG\r\n")
		if d := time.Since(start); d != 2*time.Minute {
			t.Errorf("took %v", d)
		}
	})
	onMiniredis(t, func(t *testing.T, s *site) { // and does not hold up Close
		c := login(t, s)
		s.gateway.Inject(entratest.WireFault{Delay: time.Hour})
		c.send(t, cmd("PING"))
		synctest.Wait()
		start := time.Now()
		closed(t, s.gateway)
		if d := time.Since(start); d != 0 {
			t.Errorf("Close took %v", d)
		}
	})
}
