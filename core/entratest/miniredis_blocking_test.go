package entratest_test

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestMiniredisPopsNothingForConnectionThatIsGone(t *testing.T) {
	onMiniredis(t, func(t *testing.T, s *site) {
		gone, stays, other := login(t, s), login(t, s), login(t, s)
		gone.send(t, cmd("BLPOP", "l", "0"))
		synctest.Wait()
		stays.send(t, cmd("BLPOP", "l", "0"))
		synctest.Wait()
		if err := gone.Close(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		other.exchange(t, cmd("RPUSH", "l", "1", "2"), ":2\r\n")
		stays.expect(t, "*2\r\n$1\r\nl\r\n$1\r\n1\r\n")
		other.exchange(t, cmd("LRANGE", "l", "0", "-1"), "*1\r\n$1\r\n2\r\n")
	})
}

func TestMiniredisPopsNothingForConnectionWhoseTokenHasExpired(t *testing.T) {
	onMiniredis(t, func(t *testing.T, s *site) {
		expires := login(t, s)
		expires.send(t, cmd("BLPOP", "l", "0"))
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		login(t, s).exchange(t, cmd("RPUSH", "l", "1")+cmd("LLEN", "l"), ":1\r\n:1\r\n")
		_ = expires.expectEnd(t) // any end will do
	})
}

func TestMiniredisAnswersAtTheTimeoutExactly(t *testing.T) {
	onMiniredis(t, func(t *testing.T, s *site) {
		c := login(t, s)
		began := time.Now()
		c.exchange(t, cmd("BLPOP", "l", "3600.25"), "*-1\r\n")
		if took := time.Since(began); took != 3600250*time.Millisecond {
			t.Errorf("%v", took)
		}
	})
}

func TestMiniredisServesWhatAScriptPushed(t *testing.T) {
	onMiniredis(t, func(t *testing.T, s *site) {
		c, other := login(t, s), login(t, s)
		c.send(t, cmd("BRPOP", "l", "0"))
		synctest.Wait()
		other.exchange(t, cmd("EVAL", "return redis.call('RPUSH', KEYS[1], 'a', 'b')", "1", "l"), ":2\r\n")
		c.expect(t, "*2\r\n$1\r\nl\r\n$1\r\nb\r\n")
	})
}

func TestSubscriberChangesProtocol(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		c, other := login(t, s), login(t, s)
		c.send(t, cmd("HELLO", "3"))
		c.reply(t)
		c.exchange(t, cmd("SUBSCRIBE", "x")+cmd("ECHO", "e"), ">3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n$1\r\ne\r\n")
		c.send(t, cmd("HELLO", "2"))
		c.reply(t)
		other.exchange(t, cmd("PUBLISH", "x", "m"), ":1\r\n")
		c.expect(t, "*3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$1\r\nm\r\n")
		c.exchange(t, cmd("PING"), "*2\r\n$4\r\npong\r\n$0\r\n\r\n")
		c.send(t, cmd("HELLO", "3"))
		c.expectLine(t, "-ERR Can't execute 'hello'")
		c.exchange(t, cmd("UNSUBSCRIBE")+cmd("UNSUBSCRIBE"),
			"*3\r\n$11\r\nunsubscribe\r\n$1\r\nx\r\n:0\r\n*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n")
		c.send(t, cmd("HELLO", "3"))
		c.reply(t)
		c.exchange(t, cmd("UNSUBSCRIBE")+cmd("GET", "none"), ">3\r\n$11\r\nunsubscribe\r\n_\r\n:0\r\n_\r\n")
	})
}

func TestTracksWhatTheClientAskedFor(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		c, other := login(t, s), login(t, s)
		c.send(t, cmd("HELLO", "3"))
		c.reply(t)
		c.exchange(t, cmd("CLIENT", "TRACKING", "ON", "OPTIN")+cmd("GET", "k"), "+OK\r\n_\r\n")
		c.exchange(t, cmd("CLIENT", "CACHING", "YES")+cmd("PING")+cmd("GET", "k"), "+OK\r\n+PONG\r\n_\r\n")
		other.exchange(t, cmd("SET", "k", "1"), "+OK\r\n")
		c.exchange(t, cmd("ECHO", "no invalidation yet"), "$19\r\nno invalidation yet\r\n")
		c.exchange(t, cmd("CLIENT", "CACHING", "YES")+cmd("MULTI")+cmd("GET", "k")+cmd("EXEC"), "+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n$1\r\n1\r\n")
		other.exchange(t, cmd("SET", "k", "2"), "+OK\r\n")
		c.expect(t, ">2\r\n$10\r\ninvalidate\r\n")
		c.reply(t) // which keys: miniredis says all
		c.send(t, cmd("CLIENT", "CACHING", "NO"))
		c.expectLine(t, "-ERR CLIENT CACHING NO is only valid")
	})
}
