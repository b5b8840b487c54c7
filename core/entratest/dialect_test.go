package entratest_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// inDialect runs a test in a bubble, against a gateway on miniredis that speaks a dialect.
func inDialect(t *testing.T, dialect entratest.Dialect, test func(t *testing.T, s *site)) {
	t.Helper()
	t.Run(dialect.Name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := entratest.NewNetwork()
			l, err := n.Listen("10.0.0.4:6380")
			if err != nil {
				t.Fatal(err)
			}
			s := &site{sts: entratest.NewSTS(nil), slack: time.Millisecond}
			s.gateway = entratest.NewGateway(l, &entratest.GatewayOptions{STS: s.sts, Dialect: dialect})
			s.dial = plain(s, n.DialContext)
			t.Cleanup(func() { closed(t, s.gateway) })
			test(t, s)
		})
	})
}

// inEachDialect runs a test in those in which a token logs in.
func inEachDialect(t *testing.T, test func(t *testing.T, s *site, dialect entratest.Dialect)) {
	t.Helper()
	for _, dialect := range entratest.Dialects() {
		if !dialect.Passwordless {
			inDialect(t, dialect, func(t *testing.T, s *site) { test(t, s, dialect) })
		}
	}
}

func TestDialectsRefuseInTheirOwnWords(t *testing.T) {
	words := map[string]string{
		"Redis 7":                   "WRONGPASS invalid username-password pair or user is disabled.",
		"Redis 6":                   "WRONGPASS invalid username-password pair",
		"Azure Cache for Redis":     "ERR WRONGPASS invalid username-password pair",
		"Azure Managed Redis":       "WRONGPASS invalid username-password pair or user is disabled.",
		"proxy that stays in RESP2": "WRONGPASS invalid username-password pair or user is disabled.",
	}
	inEachDialect(t, func(t *testing.T, s *site, dialect entratest.Dialect) {
		want := "-" + words[dialect.Name] + "\r\n"
		c := dialRaw(t, s)
		c.exchange(t, cmd("AUTH", entratest.ObjectID, "opaque"), want)
		c.exchange(t, cmd("HELLO", "3", "AUTH", entratest.ObjectID, "opaque"), want)
		c.exchange(t, cmd("AUTH", "some password"), want)
		c.exchange(t, cmd("PING"), noAuth)
		c.exchange(t, cmd("AUTH", entratest.ObjectID, s.token(t)), "+OK\r\n")
		c.exchange(t, cmd("AUTH", entratest.ObjectID, "opaque")+cmd("PING"), want+"+PONG\r\n")
		for i, a := range s.gateway.Auths() {
			if good := i == 3; good != (a.Err == "") || !good && "-"+a.Err+"\r\n" != want {
				t.Errorf("AUTH %d was noted with the error %q", i, a.Err)
			}
		}
	})
}

func TestDialectsSayHelloAsTheirServers(t *testing.T) {
	inEachDialect(t, func(t *testing.T, s *site, dialect entratest.Dialect) {
		c := dialRaw(t, s)
		c.send(t, cmd("HELLO", "3"))
		if said := c.expectLine(t, "-NOAUTH HELLO must be called"); strings.Contains(said, "HELLO <proto> AUTH") != (dialect.Version[0] != '6') {
			t.Errorf("HELLO of %s before AUTH: %q", dialect.Version, said)
		}
		c.exchange(t, cmd("AUTH", entratest.ObjectID, s.token(t)), "+OK\r\n")
		c.send(t, cmd("HELLO", "3"))
		header, proto := "%7\r\n", ":3\r\n"
		if dialect.StaysInRESP2 {
			header, proto = "*14\r\n", ":2\r\n"
		}
		word := func(s string) string { return "$" + itoa(len(s)) + "\r\n" + s + "\r\n" }
		if dialect.SimpleStrings {
			word = func(s string) string { return "+" + s + "\r\n" }
		}
		said := c.reply(t)
		if !strings.HasPrefix(said, header) || !strings.Contains(said, word("proto")+proto) || !strings.Contains(said, word("version")+word(dialect.Version)) {
			t.Errorf("HELLO 3: %q", said)
		}
		c.exchange(t, cmd("ECHO", "next"), "$4\r\nnext\r\n")
	})
}

func TestDialectsDoNotKnowWhatTheirServersDoNotKnow(t *testing.T) {
	inEachDialect(t, func(t *testing.T, s *site, dialect entratest.Dialect) {
		early := dialRaw(t, s)
		c := login(t, s)
		for _, command := range dialect.Unknown {
			args := append(strings.Fields(strings.ToLower(command)), "key", strings.Repeat("x", 300))
			c.send(t, cmd(args...))
			said := c.expectLine(t, "-ERR ")
			if want := "unknown command"; !strings.Contains(command, " ") && (!strings.Contains(said, want) || len(said) > 250) {
				t.Errorf("%s: %q", command, said)
			}
			if want := "nknown subcommand"; strings.Contains(command, " ") && !strings.Contains(said, want) {
				t.Errorf("%s: %q", command, said)
			}
			early.send(t, cmd(args...))
			if before := early.expectLine(t, "-ERR "); before != said {
				t.Errorf("%s before AUTH: %q", command, before)
			}
		}
		c.exchange(t, cmd("ECHO", "next"), "$4\r\nnext\r\n")
	})
	inDialect(t, entratest.Redis6(), func(t *testing.T, s *site) {
		c := login(t, s)
		c.exchange(t, cmd("BLMOVE", "a", "b"), "-ERR unknown command `BLMOVE`, with args beginning with: `a`, `b`, \r\n")
		c.exchange(t, cmd("client", "setinfo", "lib-name", "x"),
			"-ERR Unknown subcommand or wrong number of arguments for 'setinfo'. Try CLIENT HELP\r\n")
		c.exchange(t, cmd("RESET"), "-ERR unknown command `RESET`, with args beginning with: \r\n")
		c.exchange(t, cmd("PING"), "+PONG\r\n") // which would need a login after a RESET
	})
	inDialect(t, entratest.AzureManaged(), func(t *testing.T, s *site) {
		c := login(t, s)
		c.exchange(t, cmd("MIGRATE", "a", "b"), "-ERR unknown command 'MIGRATE', with args beginning with: 'a' 'b' \r\n")
		c.exchange(t, cmd("CLIENT", "PAUSE", "1"), "-ERR unknown subcommand 'PAUSE'. Try CLIENT HELP.\r\n")
	})
	custom := entratest.Dialect{Name: "no HELLO", Unknown: []string{"HELLO"}}
	inDialect(t, custom, func(t *testing.T, s *site) {
		c := dialRaw(t, s)
		c.exchange(t, cmd("HELLO", "3"), "-ERR unknown command 'HELLO', with args beginning with: '3' \r\n")
		c.exchange(t, cmd("AUTH", "x", "y"), "-"+entratest.Redis7().WrongPassword+"\r\n")
	})
}

func TestProxiesCountTheirConnections(t *testing.T) {
	inDialect(t, entratest.AzureManaged(), func(t *testing.T, s *site) {
		var firsts, others []*raw
		for range 20 {
			c := login(t, s)
			c.send(t, cmd("CLIENT", "ID"))
			if c.expectLine(t, ":") == ":1\r\n" {
				firsts = append(firsts, c)
			} else {
				others = append(others, c)
			}
		}
		if len(firsts) != 3 {
			t.Fatalf("%d connections have the number 1, not one of each proxy", len(firsts))
		}
		for _, c := range firsts {
			c.send(t, cmd("BLPOP", "none", "0"))
		}
		synctest.Wait()
		unblocked := 0
		for _, c := range others { // each through its own proxy, which has one to unblock
			c.send(t, cmd("CLIENT", "UNBLOCK", "1"))
			if c.expectLine(t, ":") == ":1\r\n" {
				unblocked++
			}
		}
		if unblocked != len(firsts) {
			t.Errorf("%d of %d connections were unblocked, each by a CLIENT UNBLOCK of its own", unblocked, len(firsts))
		}
		for _, c := range firsts {
			c.expect(t, "*-1\r\n")
		}
	})
}

// answers returns what a redis-server answers to commands that follow each other on one connection.
func answers(t *testing.T, redis *entratest.RedisServer, commands []string) []string {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", redis.Addr())
	if err != nil {
		t.Fatal(err)
	}
	server := dialRaw(t, &site{dial: func(context.Context) (net.Conn, error) { return conn, nil }})
	var all []string
	for _, command := range commands {
		server.send(t, command)
		all = append(all, server.reply(t))
	}
	return all
}

func TestUnknownCommandsAreAnsweredAsByRedisServer(t *testing.T) {
	commands := []string{
		cmd("NOSUCH"), cmd("nosuch", "a", "b"), cmd("NOSUCH", strings.Repeat("x", 300), "y"), cmd("NOSUCH", strings.Repeat("x", 126), "yz", "z"),
		cmd("CLIENT", "NOSUCH"), cmd("client", "nosuch", "a"),
	}
	redis := startRedis(t)
	want, dialect := answers(t, redis, commands), dialectOf(t, redis)
	dialect.Unknown = append(dialect.Unknown, "NOSUCH", "CLIENT NOSUCH")
	inDialect(t, dialect, func(t *testing.T, s *site) {
		c := login(t, s)
		for i, command := range commands {
			c.exchange(t, command, want[i])
		}
	})
}

// passwordlessTalk is what a server without passwords is asked, line by line on one connection.
func passwordlessTalk(token string) []string {
	return []string{
		cmd("PING"), cmd("AUTH", "some password"), cmd("AUTH", "default", "anything"), cmd("AUTH", entratest.ObjectID, token),
		cmd("PING"), cmd("HELLO", "2", "AUTH", entratest.ObjectID, token), cmd("RESET"), cmd("PING"), cmd("MULTI"),
		cmd("AUTH", entratest.ObjectID, token), cmd("AUTH", "default", token), cmd("EXEC"), cmd("AUTH", "a", "b", "c"),
	}
}

func TestPasswordlessServerAnswersAsRedisServerDoes(t *testing.T) {
	redis := startRedis(t)
	want, dialect := answers(t, redis, passwordlessTalk("opaque")), dialectOf(t, redis)
	dialect.Passwordless = true
	inDialect(t, dialect, func(t *testing.T, s *site) {
		c := dialRaw(t, s)
		for i, line := range passwordlessTalk(s.token(t)) {
			c.send(t, line)
			if got := c.reply(t); got != want[i] {
				t.Errorf("%q was answered %q, by redis-server %q", line, got, want[i])
			}
		}
		if st := s.gateway.Stats(); st.Refused != 4 || st.Auths != 2 {
			t.Errorf("%+v", st)
		}
	})
}

func TestPasswordlessServerKeepsConnectionsOfExpiredTokens(t *testing.T) {
	inDialect(t, entratest.Passwordless(), func(t *testing.T, s *site) {
		c := dialRaw(t, s)
		c.exchange(t, cmd("AUTH", "default", s.token(t)), "+OK\r\n")
		time.Sleep(2 * time.Hour)
		c.exchange(t, cmd("PING"), "+PONG\r\n")
		if st := s.gateway.Stats(); st.Logins != 1 || st.Expired != 0 {
			t.Errorf("%+v", st)
		}
	})
}
