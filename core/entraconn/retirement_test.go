package entraconn_test

import (
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// A connection is retired only while nothing is in flight on it. A write that comes at that moment
// is sent before the end, or not at all.
func TestNothingIsSentAfterARetirement(t *testing.T) {
	for at := range 20 {
		inBubble(t, func(s *site) {
			c := s.dialer(nil)()
			defer c.Close()
			c.do("PING", "+PONG")
			other := s.dialer(nil)()
			defer other.Close()
			other.do("PING", "+PONG")
			for _, command := range []string{"CLIENT REPLY OFF", "SET k 0"} {
				if err := c.send(command); err != nil {
					t.Fatal(err)
				}
			}
			token, _ := s.src.Latest()
			s.rest(time.Until(token.ExpiresOn()) - 20*time.Second - 50*time.Millisecond) // it is retired 20 s before that
			sent := 0
			for {
				ended := make(chan error, 1)
				go func() { ended <- c.send("INCR k") }()
				if at%2 == 0 {
					synctest.Wait()
				}
				err := <-ended
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				sent++
				s.rest(time.Duration(1+at) * time.Millisecond)
			}
			synctest.Wait()
			other.do("INCRBY k 0", ":"+itoa(sent))
			if s.gateway.Stats().Expired > 0 {
				t.Error("the server closed it, and not we")
			}
		})
	}
}
