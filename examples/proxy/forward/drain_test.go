package forward_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// drainLater drains while the test goes on.
func (s *site) drainLater(d time.Duration) (wait func() (cut int, after time.Duration)) {
	type outcome struct {
		cut   int
		after time.Duration
	}
	done := make(chan outcome, 1)
	go func() {
		cut, after := s.drain(d)
		done <- outcome{cut, after}
	}()
	synctest.Wait()
	return func() (int, time.Duration) {
		o := <-done
		return o.cut, o.after
	}
}

func TestDrainEndsIdleClientsAtOnce(t *testing.T) {
	inBubble(t, func(s *site) {
		idle, silent, subscribed, other := s.client(), s.client(), s.client(), s.client()
		idle.do("SET k v", "+OK\r\n")
		subscribed.do("SUBSCRIBE c", "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n")
		other.do("MULTI", "+OK\r\n")
		other.do("SET k never", "+QUEUED\r\n")
		if cut, after := s.drain(20 * time.Second); cut != 0 || after != 0 {
			t.Errorf("%d clients cut off after %v", cut, after)
		}
		for _, c := range []*client{idle, silent, subscribed, other} {
			c.readsToEnd("")
		}
		if _, err := s.network.DialContext(t.Context(), "tcp", clientAddr); err == nil {
			t.Error("a new client can connect")
		}
	})
}

func TestDrainWaitsForReplies(t *testing.T) {
	inBubble(t, func(s *site) {
		c, other := s.client(), s.client()
		c.do("SET k v", "+OK\r\n")
		other.do("SET k v", "+OK\r\n")
		s.gateway.Inject(entratest.WireFault{Delay: 3 * time.Second, Count: 3})
		c.sends("GET k", "SET k w")
		other.sends("SET l v")
		synctest.Wait()
		time.Sleep(time.Second)
		wait := s.drainLater(20 * time.Second)
		other.readsToEnd("+OK\r\n")
		c.readsToEnd("$1\r\nv\r\n+OK\r\n")
		if cut, after := wait(); cut != 0 || after != 5*time.Second {
			t.Errorf("%d clients cut off after %v", cut, after)
		}
	})
}

// A reply that looks like the answer to QUIT is not withheld while the cache is busy with the next command.
func TestDrainDeliversTheReplyBeforeABlockedCommand(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.client()
		c.do("PING", "+PONG\r\n")
		s.gateway.Inject(entratest.WireFault{Delay: 3 * time.Second, Count: 1})
		c.sends("SET k v", "BLPOP q 0")
		synctest.Wait()
		wait := s.drainLater(20 * time.Second)
		began := time.Now()
		c.reads("+OK\r\n")
		if after := time.Since(began); after > 4*time.Second {
			t.Errorf("the reply has come after %v", after)
		}
		c.readsToEnd("")
		if cut, after := wait(); cut != 1 || after != 20*time.Second {
			t.Errorf("%d clients cut off after %v", cut, after)
		}
	})
}

// A reply of megabytes is delivered to its end, however slowly the client reads.
func TestDrainDeliversLargeReplies(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.client()
		big := strings.Repeat("x", 3_000_000)
		c.writes(encode("SET", "big", big))
		c.reads("+OK\r\n")
		c.sends("GET big")
		synctest.Wait()
		wait := s.drainLater(time.Hour)
		time.Sleep(10 * time.Minute)
		c.readsToEnd("$3000000\r\n" + big + "\r\n")
		if cut, after := wait(); cut != 0 || after != 10*time.Minute {
			t.Errorf("%d clients cut off after %v", cut, after)
		}
	})
}

// A command whose start is on its way to the cache gets its end and its reply. What comes after it is not run.
func TestDrainFinishesACommandThatHasBegun(t *testing.T) {
	inBubble(t, func(s *site) {
		c, half, direct := s.client(), s.client(), s.direct()
		direct.do("PING", "+PONG\r\n")
		text := encode("SET", "k", strings.Repeat("x", 100_000))
		c.writes(text[:50_000])
		half.do("PING", "+PONG\r\n")
		half.writes("*3\r\n$3\r\nSE") // it is not known yet what this is, so it is not on its way
		synctest.Wait()
		wait := s.drainLater(20 * time.Second)
		half.readsToEnd("")
		c.writes(text[50_000:] + encode("SET", "k", "never"))
		c.readsToEnd("+OK\r\n")
		if cut, after := wait(); cut != 0 || after != 0 {
			t.Errorf("%d clients cut off after %v", cut, after)
		}
		direct.do("STRLEN k", ":100000\r\n")
	})
}

// A blocked client is cut off when the time is over. It has taken nothing.
func TestDrainCutsOffBlockedClients(t *testing.T) {
	inBubble(t, func(s *site) {
		blocked, served, direct := s.client(), s.client(), s.direct()
		blocked.sends("BLPOP q 0")
		served.sends("BLPOP other 0")
		synctest.Wait()
		wait := s.drainLater(20 * time.Second)
		time.Sleep(10 * time.Second)
		direct.do("RPUSH other v", ":1\r\n")
		served.readsToEnd("*2\r\n$5\r\nother\r\n$1\r\nv\r\n")
		if cut, after := wait(); cut != 1 || after != 20*time.Second {
			t.Errorf("%d clients cut off after %v, want 1 after 20 s", cut, after)
		}
		blocked.readsToEnd("")
		synctest.Wait() // the cache has seen it go
		direct.do("RPUSH q v", ":1\r\n")
		direct.do("LLEN q", ":1\r\n")
	})
}
