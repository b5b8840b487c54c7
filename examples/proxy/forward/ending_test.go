package forward_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// closeWrite ends the sending direction only, as nc and scripts do at the end of their input.
func (c *client) closeWrite() {
	c.t.Helper()
	if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		c.t.Fatal(err)
	}
}

// A client that closes its sending direction gets the replies to what it has sent, and nothing else.
func TestHalfClosedClientGetsItsReplies(t *testing.T) {
	overTCP(t, func(s *site) {
		big := strings.Repeat("x", 1_000_000)
		s.client().do("PING", "+PONG\r\n")
		for _, test := range []struct{ commands, replies string }{
			{encode("PING"), "+PONG\r\n"},
			{encode("SET", "k", "v"), "+OK\r\n"},
			{encode("SET", "k", "v") + encode("SET", "k", "+OK"), "+OK\r\n+OK\r\n"},
			{encode("GET", "k"), "$3\r\n+OK\r\n"},
			{encode("SET", "big", big), "+OK\r\n"},
			{strings.Repeat(encode("GET", "big"), 4), strings.Repeat("$1000000\r\n"+big+"\r\n", 4)},
			{encode("SUBSCRIBE", "c"), "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n"},
		} {
			c := s.client()
			go func() { // a client may have to read before it can write everything
				_, _ = io.WriteString(c, test.commands)
				_ = c.Conn.(*net.TCPConn).CloseWrite()
			}()
			c.readsToEnd(test.replies)
		}
		// What is not a complete command was never run, and has no reply.
		c := s.client()
		c.writes(encode("SET", "k", "before"))
		c.reads("+OK\r\n")
		c.writes("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\naf")
		c.closeWrite()
		c.readsToEnd("")
		s.client().do("GET k", "$6\r\nbefore\r\n")
	})
}

// A client that has gone must not take an element. So its connection to the cache ends at once.
func TestClientThatHasGonePopsNothing(t *testing.T) {
	for _, command := range []string{"BLPOP q 0", "BLMOVE q r LEFT LEFT 0", "BZPOPMIN z 0", "XREAD BLOCK 0 STREAMS s $"} {
		inBubble(t, func(s *site) {
			c, other := s.client(), s.client()
			other.do("PING", "+PONG\r\n")
			c.sends(command)
			synctest.Wait()
			if n := s.gateway.Stats().Open; n != 2 {
				t.Fatalf("%s: %d connections are open", command, n)
			}
			c.Close()
			synctest.Wait()
			if n := s.gateway.Stats().Open; n != 1 {
				t.Errorf("%s: %d connections are open after the client has gone", command, n)
			}
			other.do("RPUSH q v", ":1\r\n")
			other.do("LLEN q", ":1\r\n")
		})
	}
}

// A client that closes has lost nothing. Otherwise those that come after it would be held up, as after an outage, and an
// alert would fire.
func TestClientsThatCloseAreNoLosses(t *testing.T) {
	inBubble(t, func(s *site) {
		s.client().do("PING", "+PONG\r\n")
		for range 5 {
			var all []*client
			began := time.Now()
			for range 50 {
				c := s.client()
				c.sends("SET k v")
				all = append(all, c)
			}
			for _, c := range all {
				c.reads("+OK\r\n")
				c.Close()
			}
			if after := time.Since(began); after > 0 {
				t.Errorf("50 clients are served after %v", after)
			}
			for range all {
				if reason := <-s.closed; reason != entra.CloseByClient {
					t.Fatalf("a connection to the cache has ended as %s", reason)
				}
			}
		}
		s.client().do("PING", "+PONG\r\n")
		if cut, _ := s.drain(time.Minute); cut != 0 {
			t.Errorf("%d clients cut off", cut)
		}
		for range 2 {
			if reason := <-s.closed; reason != entra.CloseByClient {
				t.Errorf("a connection that was drained has ended as %s", reason)
			}
		}
	})
}

// What the cache has sent before it closed the connection reaches the client, and then the end.
func TestClientSeesThatTheCacheHasClosed(t *testing.T) {
	inBubble(t, func(s *site) {
		busy, subscribed, idle := s.client(), s.client(), s.client()
		busy.do("PING", "+PONG\r\n")
		idle.do("PING", "+PONG\r\n")
		subscribed.do("SUBSCRIBE c", "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n")
		s.gateway.DropAll()
		for _, c := range []*client{busy, subscribed, idle} {
			c.readsToEnd("")
		}
		again := s.client()
		again.do("PING", "+PONG\r\n")
		again.sends("QUIT")
		again.readsToEnd("+OK\r\n")
		synctest.Wait()
		if n := s.server.Stats().Open; n != 0 {
			t.Errorf("%d clients are open", n)
		}
	})
}
