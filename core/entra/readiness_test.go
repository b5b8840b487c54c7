package entra_test

import (
	"bufio"
	"errors"
	"net"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

// A wire is a connection to a Redis server, as a client library has it.
type wire struct {
	net.Conn
	r *bufio.Reader
}

// ask sends a command and returns the first line of the answer.
func (w wire) ask(command string) (line string, err error) {
	var b strings.Builder
	words := strings.Split(command, " ")
	b.WriteString("*" + strconv.Itoa(len(words)) + "\r\n")
	for _, word := range words {
		b.WriteString("$" + strconv.Itoa(len(word)) + "\r\n" + word + "\r\n")
	}
	if _, err := w.Write([]byte(b.String())); err != nil {
		return "", err
	}
	line, err = w.r.ReadString('\n')
	return strings.TrimSpace(line), err
}

// A server that refuses the newer token in a rotation, and new connections, serves the open ones for as
// long as their token lives. A service whose password was changed keeps its open connections as well.
func TestReadinessLastsAsLongAsOpenConnectionsWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const addr, login = "127.0.0.4:6380", "AUTH service password"
		network, sts := entratest.NewNetwork(), entratest.NewSTS(nil)
		l, err := network.Listen(addr)
		if err != nil {
			t.Fatal(err)
		}
		gateway := entratest.NewGateway(l, &entratest.GatewayOptions{STS: sts, StaticUsers: map[string]string{"service": "password"}})
		defer gateway.Close()
		src := newSource(t, sts.Credential(), nil)
		dialers := map[string]*entraconn.Dialer{"ours": entraconn.NewDialer(src, nil)}
		connect := func(who string) wire {
			t.Helper()
			dial := network.DialContext
			if d := dialers[who]; d != nil {
				dial = d.DialFunc(dial)
			}
			conn, err := dial(t.Context(), "tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			return wire{conn, bufio.NewReader(conn)}
		}
		ready := func(when string, code int) {
			t.Helper()
			answer := httptest.NewRecorder()
			if readiness(src)(answer, nil); answer.Code != code {
				t.Errorf("%s: %d, want %d: %s", when, answer.Code, code, answer.Body)
			}
		}
		pong := func(when string, w wire) {
			t.Helper()
			if line, err := w.ask("PING"); line != "+PONG" {
				t.Fatalf("%s: %q, %v", when, line, err)
			}
		}

		old := mustToken(t, src)
		ours, plain := connect("ours"), connect("plain")
		defer ours.Close()
		defer plain.Close()
		if line, err := plain.ask(login); line != "+OK" {
			t.Fatalf("%q, %v", line, err)
		}
		pong("logged in", ours)
		time.Sleep(time.Until(old.ExpiresOn()) - time.Hour)
		fault := gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS invalid username-password pair"})
		_, superseded := src.Latest()
		src.Reject(old)
		<-superseded
		time.Sleep(time.Second)
		if st := src.Status(); st.Health != entra.HealthRefused || !st.Servers[0].AcceptedUntil.Equal(old.ExpiresOn()) ||
			!strings.Contains(st.Reason, addr+" refuses it, and serves open connections until "+old.ExpiresOn().UTC().Format(time.RFC3339)) {
			t.Errorf("the newer token was refused: %s, %s, %+v; want %v", st.Health, st.Reason, st.Servers, old.ExpiresOn())
		}
		for time.Until(old.ExpiresOn()) > time.Minute {
			pong("with a password", plain)
			pong("with the older token", ours)
			ready("with the older token", 200)
			for _, who := range []string{"plain", "ours"} {
				another := connect(who)
				command := login
				if who == "ours" {
					command = "PING"
				}
				line, err := another.ask(command)
				if refused := (*entra.AuthError)(nil); !strings.HasPrefix(line, "-WRONGPASS") && !errors.As(err, &refused) {
					t.Fatalf("a login of %s: %q, %v", who, line, err)
				}
				another.Close()
			}
			time.Sleep(time.Minute)
		}
		time.Sleep(time.Minute)
		ready("the older token has expired", 503)
		pong("with a password", plain)
		fault.Remove()
		time.Sleep(10 * time.Second)
		again := connect("ours")
		defer again.Close()
		pong("accepted again", again)
		ready("accepted again", 200)
	})
}

// AcceptedUntil is the expiry of the newest token among the open connections, through rotations that
// miss some, and zero without one.
func TestAcceptedUntilIsThatOfOpenConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, a, _ := twoServers(t, nil)
		until := func(when string, want time.Time) {
			t.Helper()
			if got := src.Status().Servers[0].AcceptedUntil; !got.Equal(want) {
				t.Errorf("%s: until %v, want %v", when, got, want)
			}
		}
		first := mustToken(t, src)
		for range 3 {
			a.opens()
			until("not logged in", time.Time{})
		}
		a.refuses(first)
		until("refused", time.Time{})
		a.accepts(first)
		a.accepts(first)
		until("two of three are logged in", first.ExpiresOn())
		second := nextToken(t, src)
		a.renews(second)
		until("one was renewed", second.ExpiresOn())
		a.renews(second)
		a.ends(second)
		until("one of two has ended", second.ExpiresOn())
		a.ends(second)
		until("all have ended that were logged in", time.Time{})
		a.closes()
		until("all have ended", time.Time{})

		for range 2 {
			a.opens()
			a.accepts(second)
		}
		third := nextToken(t, src)
		a.renews(third)
		a.ends(third)
		until("the one that was renewed has ended", second.ExpiresOn())
		fourth := nextToken(t, src)
		a.opens()
		a.accepts(fourth) // and the other one has the second token still
		fifth := nextToken(t, src)
		a.renews(fifth)
		a.ends(second)
		until("the one that missed two rotations has ended", fifth.ExpiresOn())
		a.ends(fifth)
		until("both have ended", time.Time{})

		a.accepts(fifth) // reported after the end
		until("reported late", time.Time{})
		a.opens()
		until("another one was opened", time.Time{})
		a.accepts(fifth)
		time.Sleep(time.Until(fifth.ExpiresOn()) - 1)
		until("before the expiry", fifth.ExpiresOn())
		time.Sleep(time.Nanosecond)
		until("at the expiry", time.Time{})
	})
}
