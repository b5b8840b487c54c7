package entratest_test

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/entraredis/entraredis/core/entratest"
)

func itoa(n int) string { return strconv.Itoa(n) }

const (
	noAuth    = "-NOAUTH Authentication required.\r\n"
	wrongPass = "-WRONGPASS invalid username-password pair"
)

func TestGatewayTakesNoCommandBeforeAuth(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		c := dialRaw(t, s)
		c.exchange(t, cmd("PING")+cmd("SET", "a", "b")+cmd("MULTI"), noAuth+noAuth+noAuth)
		c.exchange(t, "GET a\r\n", noAuth)
		c.send(t, cmd("HELLO", "3"))
		c.expectLine(t, "-NOAUTH HELLO must be called with the client already authenticated")
		for _, wrong := range []string{
			cmd("AUTH", "default", ""), cmd("AUTH", "x"), cmd("AUTH", entratest.ObjectID, "opaque"),
			cmd("AUTH", "another-user", s.token(t)), cmd("HELLO", "3", "AUTH", "default", "x"),
			cmd("HELLO", "3", "SETNAME", "n", "AUTH", entratest.ObjectID, "opaque"),
		} {
			c.send(t, wrong)
			c.expectLine(t, wrongPass)
			c.exchange(t, cmd("PING"), noAuth)
		}
		c.exchange(t, cmd("AUTH", entratest.ObjectID, s.token(t))+cmd("PING"), "+OK\r\n+PONG\r\n")
		if st := s.gateway.Stats(); st.Logins != 1 || st.Auths != 1 || st.Refused != 6 || st.Open != 1 {
			t.Errorf("%+v", st)
		}
	})
}

func TestGatewayLogsInThroughHello(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		c := dialRaw(t, s)
		c.send(t, cmd("hello", "3", "setname", "me", "auth", entratest.ObjectID, s.token(t)))
		c.expectLine(t, "%7")
		c.send(t, cmd("PING"))
		for c.expectLine(t, "") != "+PONG\r\n" {
		}
		c.exchange(t, cmd("CLIENT", "GETNAME"), "$2\r\nme\r\n")
		c.exchange(t, cmd("GET", "nothing"), "_\r\n")
		c.send(t, cmd("HELLO", "9", "AUTH", entratest.ObjectID, s.token(t)))
		c.expectLine(t, "-NOPROTO")
	})
}

func TestGatewayLetsBackendQueueAuthInMulti(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		c := login(t, s)
		c.exchange(t, cmd("MULTI")+cmd("SET", "a", "1")+cmd("AUTH", entratest.ObjectID, s.token(t))+cmd("GET", "a")+cmd("EXEC"),
			"+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n+OK\r\n$1\r\n1\r\n")
		s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS no", Count: 1})
		c.exchange(t, cmd("MULTI")+cmd("AUTH", entratest.ObjectID, s.token(t))+cmd("EXEC"),
			"+OK\r\n+QUEUED\r\n*1\r\n-WRONGPASS no\r\n")
		c.exchange(t, cmd("PING"), "+PONG\r\n")
	})
}

func TestGatewayRefusesClusterShards(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		c := login(t, s)
		fault := s.gateway.Inject(entratest.WireFault{RefuseShards: "TRYAGAIN later"})
		c.exchange(t, cmd("cluster", "Shards")+cmd("PING"), "-TRYAGAIN later\r\n+PONG\r\n")
		c.exchange(t, cmd("ECHO", "SHARDS"), "$6\r\nSHARDS\r\n")
		if fault.Hits() != 1 {
			t.Errorf("%d commands were refused, want 1", fault.Hits())
		}
	})
}

func TestGatewayRefusesAuthBelowRESP2Subscription(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		c := login(t, s)
		c.exchange(t, cmd("SUBSCRIBE", "a", "b"),
			"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n")
		c.send(t, cmd("AUTH", entratest.ObjectID, s.token(t)))
		c.expectLine(t, "-ERR Can't execute 'auth'")
		c.exchange(t, cmd("PING"), "*2\r\n$4\r\npong\r\n$0\r\n\r\n")
		other := login(t, s)
		other.exchange(t, cmd("PUBLISH", "b", "hi"), ":1\r\n")
		c.expect(t, "*3\r\n$7\r\nmessage\r\n$1\r\nb\r\n$2\r\nhi\r\n")
		c.exchange(t, cmd("UNSUBSCRIBE", "a", "b")+cmd("PUNSUBSCRIBE")+cmd("ECHO", "free"),
			"*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:0\r\n"+
				"*3\r\n$12\r\npunsubscribe\r\n$-1\r\n:0\r\n$4\r\nfree\r\n")
	})
}

func TestGatewayAllowsAuthBesideRESP3Pushes(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		c := login(t, s)
		c.send(t, cmd("HELLO", "3")+cmd("PING"))
		for c.expectLine(t, "") != "+PONG\r\n" {
		}
		c.exchange(t, cmd("PSUBSCRIBE", "n*"), ">3\r\n$10\r\npsubscribe\r\n$2\r\nn*\r\n:1\r\n")
		c.exchange(t, cmd("AUTH", entratest.ObjectID, s.token(t))+cmd("PING"), "+OK\r\n+PONG\r\n")
		login(t, s).exchange(t, cmd("PUBLISH", "news", "hi"), ":1\r\n")
		c.expect(t, ">4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$4\r\nnews\r\n$2\r\nhi\r\n")
	})
}

func TestGatewayKeepsClientReply(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		c := login(t, s)
		auth := cmd("AUTH", entratest.ObjectID, s.token(t))
		c.exchange(t, cmd("CLIENT", "REPLY", "SKIP")+auth+cmd("ECHO", "1"), "$1\r\n1\r\n")
		c.exchange(t, cmd("CLIENT", "REPLY", "OFF")+auth+cmd("SET", "a", "b")+cmd("CLIENT", "REPLY", "ON")+cmd("GET", "a"),
			"+OK\r\n$1\r\nb\r\n")
		if !s.knows(t, reset) {
			return
		}
		c.exchange(t, cmd("CLIENT", "REPLY", "OFF")+auth+cmd("RESET")+cmd("GET", "a")+auth+cmd("GET", "a"),
			"+RESET\r\n"+noAuth+"+OK\r\n$1\r\nb\r\n")
	})
}

func TestGatewayLogsOutAtReset(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		if s.redis != nil {
			needCommand(t, s.redis, reset, "no client can log out")
		}
		c := login(t, s)
		auth := cmd("AUTH", entratest.ObjectID, s.token(t))
		c.exchange(t, cmd("MULTI")+cmd("SET", "a", "b")+cmd("RESET")+cmd("GET", "a")+auth+cmd("GET", "a"),
			"+OK\r\n+QUEUED\r\n+RESET\r\n"+noAuth+"+OK\r\n$-1\r\n")
		c.send(t, cmd("RESET", "x"))
		c.expectLine(t, "-ERR wrong number")
		if st := s.gateway.Stats(); st.Logins != 2 {
			t.Errorf("%+v", st)
		}
	})
}

func TestGatewayPassesEveryByte(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		c := login(t, s)
		binary := strings.Repeat("\x00\r\n$-1\xff", 100_000)
		c.exchange(t, cmd("SET", "bin", binary), "+OK\r\n")
		c.exchange(t, cmd("GET", "bin"), "$"+itoa(len(binary))+"\r\n"+binary+"\r\n")
		many := strings.Repeat(cmd("PING"), 10_000)
		go func() { _, _ = c.Write([]byte(many)) }()
		c.expect(t, strings.Repeat("+PONG\r\n", 10_000))
		long := strings.Repeat("E", 200_000)
		c.exchange(t, cmd("EVAL", "return redis.error_reply(ARGV[1])", "0", "ERR "+long), "-ERR "+long+"\r\n")
	})
	onRedis(t, func(t *testing.T, s *site) {
		c := login(t, s)
		c.exchange(t, cmd("EVAL", "local t = 'x' for i = 1, 5000 do t = {t} end return t", "0"),
			strings.Repeat("*1\r\n", 5000)+"$1\r\nx\r\n")
	})
}

func TestGatewayAnswersAndClosesAtGarbage(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		c := login(t, s)
		c.send(t, "*1\r\n!garbage\r\n")
		c.expectLine(t, "-ERR Protocol error")
		c.expectEnd(t)
	})
}

func TestGatewayExecutesWhatWasSentBeforeTheClientClosed(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		other := login(t, s)
		c := login(t, s)
		c.send(t, cmd("SET", "last", "words"))
		_ = c.Close()
		s.eventually(t, "connection gone", func() bool { return s.gateway.Stats().Open == 1 })
		other.exchange(t, cmd("GET", "last"), "$5\r\nwords\r\n")
	})
}

func TestGatewayClosesAfterQuit(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		c := login(t, s)
		c.exchange(t, cmd("QUIT"), "+OK\r\n")
		if err := c.expectEnd(t); !errors.Is(err, io.EOF) {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestGatewayFreesABlockedCommandWhoseClientIsGone(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		other := login(t, s)
		c := login(t, s)
		c.send(t, cmd("BLPOP", "list", "0"))
		s.eventually(t, "it is there", func() bool { return s.gateway.Stats().Commands == 3 })
		_ = c.Close()
		s.eventually(t, "connection gone", func() bool { return s.gateway.Stats().Open == 1 })
		other.exchange(t, cmd("RPUSH", "list", "kept")+cmd("LPOP", "list"), ":1\r\n$4\r\nkept\r\n")
	})
}

func TestDropAllResetsEveryConnection(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		a, b := login(t, s), login(t, s)
		b.send(t, cmd("BLPOP", "list", "0"))
		if n := s.gateway.DropAll(); n != 2 {
			t.Errorf("dropped %d", n)
		}
		for _, c := range []*raw{a, b} {
			if err := c.expectEnd(t); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("ended with %v", err)
			}
		}
		login(t, s).exchange(t, cmd("PING"), "+PONG\r\n")
	})
}
