package entratest

import (
	"slices"
	"strings"
	"sync"

	"github.com/alicebob/miniredis/v2"
	"github.com/tidwall/redcon"
)

// Subscriptions are a connection's channels and patterns, in the order in which they were taken. miniredis's own
// would turn away all other commands, in RESP3 too, and write pushes into the middle of replies.
type subscriptions struct {
	conn     *miniConn
	sub      *miniredis.Subscriber
	channels []string
	patterns []string
	shards   []string // sharded channels
	pump     sync.WaitGroup
}

func (s *subscriptions) count() int {
	if s == nil {
		return 0
	}
	return len(s.channels) + len(s.patterns) + len(s.shards)
}

// confirmed reports whether a command has confirmations for replies, which CLIENT REPLY does not keep back.
func confirmed(command string) bool {
	return slices.Contains([]string{"SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"}, command)
}

// newSubscriptions starts the goroutine that takes messages. miniredis publishes one after the other and waits
// for each to be taken, so that goroutine never waits for anything else.
func newSubscriptions(c *miniConn) *subscriptions {
	s := &subscriptions{conn: c, sub: c.miniredis.redis.NewSubscriber()}
	s.pump.Go(func() {
		messages, pmessages := s.sub.Messages(), s.sub.Pmessages()
		for messages != nil || pmessages != nil {
			select {
			case m, ok := <-messages:
				if !ok {
					messages = nil
					continue
				}
				c.outlet.push(c.protocol.appendPush(nil, "message", m.Channel, m.Message))
			case m, ok := <-pmessages:
				if !ok {
					pmessages = nil
					continue
				}
				c.outlet.push(c.protocol.appendPush(nil, "pmessage", m.Pattern, m.Channel, m.Message))
			}
		}
	})
	return s
}

// leaveAllLocked ends all of them without confirmations. It leaves every channel before it closes,
// so that no publisher sends on what is closed. It needs Miniredis.running.
func (s *subscriptions) leaveAllLocked() {
	for _, name := range s.channels {
		s.sub.Unsubscribe(name)
	}
	for _, name := range s.patterns {
		s.sub.Punsubscribe(name)
	}
	for _, name := range s.shards {
		s.conn.miniredis.shards.leave(name, s.conn)
	}
	s.sub.Close()
	s.pump.Wait()
}

// kindOfLocked returns, for a command that subscribes or unsubscribes, the names of its kind, how to join and part one, and
// how many the confirmations count. It needs Miniredis.running, and so do join and part.
func (s *subscriptions) kindOfLocked(command string) (list *[]string, join, part func(string) int, count func() int) {
	both := func() int { return len(s.channels) + len(s.patterns) }
	switch {
	case strings.HasPrefix(command, "p"):
		return &s.patterns, s.sub.Psubscribe, s.sub.Punsubscribe, both
	case strings.HasPrefix(command, "ss"), strings.HasPrefix(command, "sun"):
		shards := s.conn.miniredis.shards
		join = func(name string) int { return shards.join(name, s.conn) }
		part = func(name string) int { return shards.leave(name, s.conn) }
		return &s.shards, join, part, func() int { return len(s.shards) }
	}
	return &s.channels, s.sub.Subscribe, s.sub.Unsubscribe, both
}

// changeLocked subscribes to these, or to these no more, as the command in lower case says, and returns the confirmations.
// Each name is confirmed by itself, and before its first message. It needs Miniredis.running.
func (s *subscriptions) changeLocked(command string, names []string) []byte {
	leave := strings.HasSuffix(command, "unsubscribe")
	list, join, part, count := s.kindOfLocked(command)
	var b []byte
	if leave && len(names) == 0 {
		if names = slices.Clone(*list); len(names) == 0 {
			b = redcon.AppendBulkString(s.conn.protocol.appendPushHeader(b, 3), command)
			return redcon.AppendInt(s.conn.protocol.appendNull(b), int64(count()))
		}
	}
	for _, name := range names {
		had := slices.Index(*list, name)
		switch {
		case leave && had >= 0:
			part(name)
			*list = slices.Delete(*list, had, had+1)
		case !leave && had < 0:
			join(name)
			*list = append(*list, name)
		}
		b = s.conn.protocol.appendPushHeader(b, 3)
		b = redcon.AppendBulkString(b, command)
		b = redcon.AppendBulkString(b, name)
		b = redcon.AppendInt(b, int64(count()))
	}
	return b
}

// pong is what PING gives below a RESP2 subscription.
func pong(args []string) []byte {
	payload := ""
	if len(args) > 0 {
		payload = args[0]
	}
	return appendCommand(nil, "pong", payload)
}
