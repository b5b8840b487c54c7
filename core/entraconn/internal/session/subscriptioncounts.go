package session

import "github.com/entraredis/entraredis/internal/resp"

// A subscriptionCounts says how many subscriptions there are, as the server's confirmations count them.
type subscriptionCounts struct{ channels, patterns, shards int32 }

// exist reports whether the server takes the connection for a subscriber.
func (s *subscriptionCounts) exist() bool { return s.channels+s.patterns+s.shards > 0 }

// apply takes a push, and returns how many subscriptions of its kind there are now. It returns
// false for a push that confirms nothing.
func (s *subscriptionCounts) apply(c resp.Confirmation) (remaining int32, ok bool) {
	switch c.Kind {
	case resp.Subscribe, resp.Unsubscribe:
		s.channels = c.Count - s.patterns // the server counts these two together
		return s.channels, true
	case resp.PSubscribe, resp.PUnsubscribe:
		s.patterns = c.Count - s.channels
		return s.patterns, true
	case resp.SSubscribe, resp.SUnsubscribe:
		s.shards = c.Count
		return s.shards, true
	}
	return 0, false
}
