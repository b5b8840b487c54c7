package entraconn_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// A proxy that stays in RESP2 is asked once, not by each connection. The subscriber gets its
// messages, and is retired before its token expires.
func TestServerThatStaysInRESP2IsAskedOnce(t *testing.T) {
	inBubble(t, func(s *site) {
		fault := s.gateway.Inject(entratest.WireFault{StayInRESP2: true})
		open := s.dialer(nil)
		other := open()
		defer other.Close()
		other.do("PING", "+PONG")
		for range 5 {
			c := open()
			c.subscribes("a")
			for range 3 {
				c.hears(other, "a")
			}
			c.Close()
			synctest.Wait() // the server has seen that
		}
		if n := fault.Hits(); n != 1 {
			t.Errorf("the server was asked for RESP3 %d times", n)
		}
		last := open()
		last.subscribes("a")
		last.hears(other, "a")
		ends := time.Now().Add(75 * time.Minute)
		if l, err := last.line(); !errors.Is(err, io.EOF) {
			t.Errorf("%q, %v", l, err)
		}
		if remaining := time.Until(ends); remaining <= 0 || remaining > 5*time.Minute {
			t.Errorf("ended %v before its token", remaining)
		}
		last.Close()
		if got := s.events.reasons(); got[len(got)-1] != entra.CloseUnsupported {
			t.Errorf("ended with %s", got)
		}
		if n := s.gateway.Stats().Expired; n != 0 {
			t.Errorf("%d connections expired", n)
		}
	})
}

// A subscriber sends a command that is not about subscriptions, and the server refuses it. The
// connection is renewed as any other once the last subscription has ended, and the next subscription
// across tokens. So is one of a server that stays in RESP2.
func TestConnectionIsRenewedAfterASubscriptionInRESP2(t *testing.T) {
	for _, stays := range []bool{false, true} {
		inBubble(t, func(s *site) {
			if stays {
				s.gateway.Inject(entratest.WireFault{StayInRESP2: true})
			}
			open := s.dialer(nil)
			publisher := open()
			defer publisher.Close()
			publisher.do("PING", "+PONG")
			c := open()
			defer c.Close()
			c.subscribes("a")
			if err := c.send("GET k"); err != nil {
				t.Fatal(err)
			}
			if l, err := c.line(); !strings.HasPrefix(l, "-ERR Can't execute 'get'") || err != nil {
				t.Fatalf("%q, %v", l, err)
			}
			c.hears(publisher, "a")
			c.do("UNSUBSCRIBE a", "*3")
			c.readLines(5)
			s.afterRotation()
			s.afterRotation()
			c.do("PING", "+PONG")
			if stays {
				return
			}
			c.subscribes("a")
			s.afterRotation()
			s.afterRotation()
			c.hears(publisher, "a")
		})
	}
}

// An upgraded server is found an hour later, or once all connections to the old one have ended.
func TestServerThatLearnsRESP3IsFound(t *testing.T) {
	for name, tc := range map[string]struct {
		wait  time.Duration
		drop  bool
		found bool
	}{
		"soon":                      {wait: 59 * time.Minute},
		"an hour later":             {wait: 61 * time.Minute, found: true},
		"after all connections end": {wait: time.Second, drop: true, found: true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				fault := s.gateway.Inject(entratest.WireFault{StayInRESP2: true, Count: 1})
				open := s.dialer(nil)
				other := open()
				defer other.Close()
				other.do("PING", "+PONG")
				c := open()
				c.subscribes("a")
				c.Close()
				synctest.Wait()
				if fault.Hits() != 1 {
					t.Fatalf("asked %d times", fault.Hits())
				}
				if tc.drop {
					other.Close()
				}
				time.Sleep(tc.wait)
				c = open()
				defer c.Close()
				c.subscribes("a")
				s.afterRotation()
				s.afterRotation()
				publisher := open()
				defer publisher.Close()
				if tc.found {
					c.hears(publisher, "a") // a subscriber in RESP2 does not outlive its token
					return
				}
				publisher.do("PUBLISH a hello", ":0")
				if l, err := c.line(); !errors.Is(err, io.EOF) {
					t.Errorf("%q, %v", l, err)
				}
			})
		})
	}
}
