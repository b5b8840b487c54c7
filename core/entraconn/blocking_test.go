package entraconn_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// A client sees one call, although it blocks for a day and more. It returns what is pushed in the
// end.
func TestBlockedCallCrossesTwentyTokens(t *testing.T) {
	t.Run("waiting", func(t *testing.T) { crossTwentyTokens(t, true) })
	t.Run("sent, to be received later", func(t *testing.T) { crossTwentyTokens(t, false) })
}

func crossTwentyTokens(t *testing.T, reading bool) {
	inBubble(t, func(s *site) {
		open := s.dialer(nil)
		blocked, other := open(), open()
		defer blocked.Close()
		defer other.Close()
		blocked.do("PING", "+PONG")
		if err := blocked.send("BLPOP queue 0"); err != nil {
			t.Fatal(err)
		}
		wait := func() { blocked.reply("*2", "$5", "queue", "$3", "job") }
		if reading {
			wait = blocked.later("*2", "$5", "queue", "$3", "job")
		}
		for range 20 {
			s.afterRotation()
		}
		commands := s.gateway.Stats().Commands
		other.do("RPUSH queue job", ":1")
		wait()
		if stats := s.gateway.Stats(); stats.Expired > 0 || stats.Accepted != 2 {
			t.Errorf("%+v", stats)
		}
		if renewed, refused := s.events.authsIn(entra.AuthRotation); renewed < 20 || refused > 0 {
			t.Errorf("%d AUTHs in rotations, %d refused", renewed, refused)
		}
		if commands > 20*8 {
			t.Errorf("%d commands for 20 tokens on 2 connections", commands)
		}
	})
}

func TestTimeoutPassesAtItsTime(t *testing.T) {
	for _, tc := range []struct {
		command string
		want    time.Duration
		null    string
	}{
		{"BLPOP queue 1", time.Second, "*-1"},
		{"BLPOP queue 36000.5", 10*time.Hour + 500*time.Millisecond, "*-1"},
		{"BZMPOP 7200 1 set MIN", 2 * time.Hour, "*-1"},
		{"XREAD BLOCK 18000000 STREAMS stream 0", 5 * time.Hour, "*-1"},
		{"BRPOPLPUSH queue other 4.5e3", 75 * time.Minute, "*-1"},
	} {
		t.Run(tc.command, func(t *testing.T) {
			if _, isNewer := any(miniredis.NewMiniRedis()).(interface{ ClockTTL(bool) }); !isNewer && strings.HasPrefix(tc.command, "BZMPOP") {
				t.Skip("miniredis has no ZMPOP before v2.40")
			}
			inBubble(t, func(s *site) {
				c := s.dialer(nil)()
				defer c.Close()
				began := time.Now()
				if err := c.send(tc.command); err != nil {
					t.Fatal(err)
				}
				c.reply(tc.null)
				if took := time.Since(began); took < tc.want || took > tc.want+time.Second {
					t.Errorf("null came after %v", took)
				}
				c.do("PING", "+PONG")
			})
		})
	}
}

// What the client writes after a blocking command reaches the server after it, however often the
// command is sent.
func TestCommandsBehindABlockedOneKeepTheirOrder(t *testing.T) {
	inBubble(t, func(s *site) {
		open := s.dialer(nil)
		c, other := open(), open()
		defer c.Close()
		defer other.Close()
		whole := string(encode("SET", "k", "1")) + string(encode("BLPOP", "queue", "0")) + string(encode("INCR", "k"))
		if _, err := io.WriteString(c, whole); err != nil {
			t.Fatal(err)
		}
		c.reply("+OK")
		wait := c.later("*2", "$5", "queue", "$3", "job", ":2", ":3", ":4", ":5")
		for range 3 {
			s.afterRotation()
			if err := c.send("INCR k"); err != nil {
				t.Fatal(err)
			}
		}
		other.do("GET k", "$1")
		other.reply("1")
		other.do("RPUSH queue job", ":1")
		wait()
	})
}

// The backlog is bounded. While it is full a write waits, until its deadline or the end of the
// connection.
func TestBackPressureBehindABlockedCommand(t *testing.T) {
	big := encode("SET", "k", strings.Repeat("v", 500<<10))
	for name, end := range map[string]struct {
		by   func(c, other *client)
		want error
		wait time.Duration
	}{
		"deadline":       {func(c, _ *client) { _ = c.SetWriteDeadline(time.Now().Add(time.Minute)) }, os.ErrDeadlineExceeded, 5 * time.Minute},
		"later deadline": {func(c, _ *client) { s := time.Now().Add(time.Hour); _ = c.SetDeadline(s) }, os.ErrDeadlineExceeded, 5 * time.Minute},
		"close":          {func(c, _ *client) { c.Close() }, net.ErrClosed, 5 * time.Minute},
		"the end":        {func(_, other *client) { other.do("RPUSH queue job", ":1") }, nil, 80 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				open := s.dialer(nil)
				c, other := open(), open()
				defer other.Close()
				defer c.Close()
				if err := c.send("BLPOP queue 0"); err != nil {
					t.Fatal(err)
				}
				for range 2 {
					if n, err := c.Write(big); n != len(big) || err != nil {
						t.Fatal(n, err)
					}
				}
				written := make(chan error)
				go func() {
					_, err := c.Write(big)
					written <- err
				}()
				go func() { _, _ = io.Copy(io.Discard, c) }()
				s.rest(blockedTime(end.wait))
				select {
				case err := <-written:
					t.Fatalf("the third write did not wait: %v", err)
				default:
				}
				end.by(c, other)
				if err := <-written; !errors.Is(err, end.want) {
					t.Errorf("%v, want %v", err, end.want)
				}
				c.Close()
				synctest.Wait()
			})
		})
	}
}

// While there is no newer token a blocked call goes on in short slices. It does not end, and does
// not keep the server busy.
func TestBlockedCallWhileEntraIsDown(t *testing.T) {
	inBubble(t, func(s *site) {
		open := s.dialer(nil)
		c := open()
		defer c.Close()
		if err := c.send("BLPOP queue 0"); err != nil {
			t.Fatal(err)
		}
		wait := c.later("*2", "$5", "queue", "$3", "job")
		s.rest(20 * time.Minute) // before any renewal
		outage := s.sts.Inject(entratest.Fault{Status: 503})
		s.rest(52 * time.Minute) // to 3 minutes before the token's end
		before := s.gateway.Stats().Commands
		s.rest(time.Minute)
		if n := s.gateway.Stats().Commands - before; n < 1 || n > 7 {
			t.Errorf("%d commands in a minute", n)
		}
		outage.Remove()
		s.rest(3 * time.Hour)
		other := open()
		defer other.Close()
		other.do("RPUSH queue job", ":1")
		wait()
		if stats := s.gateway.Stats(); stats.Expired > 0 {
			t.Errorf("%+v", stats)
		}
	})
}

// A CLIENT UNBLOCK of another client ends the call, whenever it comes.
func TestUnblockEndsTheCall(t *testing.T) {
	for _, at := range []time.Duration{time.Second, 50 * time.Minute, 71*time.Minute + 29*time.Second, 10 * time.Hour} {
		inBubble(t, func(s *site) {
			open := s.dialer(nil)
			c, other := open(), open()
			defer c.Close()
			defer other.Close()
			if err := c.send("CLIENT ID"); err != nil {
				t.Fatal(err)
			}
			id, err := c.line()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.send("BLPOP queue 0"); err != nil {
				t.Fatal(err)
			}
			wait := c.later("*-1")
			s.rest(at)
			other.do("CLIENT UNBLOCK "+id[1:], ":1")
			wait()
			other.do("RPUSH queue job", ":1")
			other.do("LLEN queue", ":1")
		})
	}
}

// Connections that unblock each other at the same time do not wait for each other.
func TestConnectionsUnblockEachOther(t *testing.T) {
	inBubble(t, func(s *site) {
		open := s.dialer(nil)
		var both [2]*client
		var ids [2]string
		for i := range both {
			both[i] = open()
			defer both[i].Close()
			both[i].do("RPUSH queue job", ":1")
			both[i].do("BLPOP queue 0", "*2") // which makes its number known
			both[i].reply("$5", "queue", "$3", "job")
			if err := both[i].send("CLIENT ID"); err != nil {
				t.Fatal(err)
			}
			id, err := both[i].line()
			if err != nil {
				t.Fatal(err)
			}
			ids[i] = id[1:]
		}
		var all sync.WaitGroup
		for i, c := range both {
			all.Go(func() {
				for range 300 {
					if err := c.send("CLIENT UNBLOCK " + ids[1-i]); err != nil {
						t.Error(err)
					}
					c.expect(":0")
				}
			})
		}
		all.Wait()
	})
}
