package forward_test

import (
	"testing"
	"testing/synctest"
	"time"
)

// Ten hours are eight tokens. Nothing that a client has open ends with one.
func TestClientsOutliveTheirTokens(t *testing.T) {
	inBubble(t, func(s *site) {
		idle, subscribed, blocked := s.client(), s.client(), s.client()
		idle.do("PING", "+PONG\r\n")
		subscribed.do("SUBSCRIBE news", "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n")
		blocked.sends("BLPOP q 0")
		time.Sleep(10 * time.Hour)

		other := s.client()
		other.do("PUBLISH news hello", ":1\r\n")
		subscribed.reads("*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n")
		other.do("RPUSH q v", ":1\r\n")
		blocked.reads("*2\r\n$1\r\nq\r\n$1\r\nv\r\n")
		idle.do("PING", "+PONG\r\n")
		if stats := s.gateway.Stats(); stats.Expired != 0 || stats.Accepted != 4 || stats.Auths < 4+3*8 {
			t.Errorf("%+v: want 4 connections, each with every token, and none that has expired", stats)
		}
	})
}

// Tokens that live for 2 seconds, each of which is replaced after one or so, while a client publishes, one pushes, one is
// subscribed and one blocked.
func TestNothingIsLostWhileTokensAreReplacedEverySecond(t *testing.T) {
	inBubbleWith(t, 2*time.Second, func(s *site) {
		subscribed, blocked, other := s.client(), s.client(), s.client()
		other.do("PING", "+PONG\r\n")
		subscribed.do("SUBSCRIBE news", "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n")
		for range 1000 {
			blocked.sends("BLPOP q 0")
			time.Sleep(100 * time.Millisecond)
			other.do("PUBLISH news hello", ":1\r\n")
			other.do("RPUSH q v", ":1\r\n")
			subscribed.reads("*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n")
			blocked.reads("*2\r\n$1\r\nq\r\n$1\r\nv\r\n")
		}
		if n := s.sts.Issued(); n < 60 {
			t.Errorf("%d tokens in 100 seconds, want 60 or more", n)
		}
		if stats := s.gateway.Stats(); stats.Expired != 0 || stats.Accepted != 3 {
			t.Errorf("%+v: want 3 connections, and none that has expired", stats)
		}
	})
}

// Kubernetes, load balancers and pools open connections that never say anything.
func TestSilentClientCostsTheCacheNothing(t *testing.T) {
	inBubble(t, func(s *site) {
		silent := s.client()
		time.Sleep(24 * time.Hour)
		if n := s.gateway.Stats().Accepted; n != 0 {
			t.Errorf("the cache has accepted %d connections", n)
		}
		silent.do("PING", "+PONG\r\n")
		silent.Close()
		synctest.Wait()
		if stats := s.gateway.Stats(); stats.Accepted != 1 || stats.Open != 0 {
			t.Errorf("%+v: want one connection, which has ended with its client", stats)
		}
	})
}
