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
	sub      *miniredis.Subscriber
	channels []string
	patterns []string
	pump     sync.WaitGroup
}

func (s *subscriptions) count() int {
	if s == nil {
		return 0
	}
	return len(s.channels) + len(s.patterns)
}

// newSubscriptions starts the goroutine that takes messages. miniredis publishes one after the other and waits
// for each to be taken, so that goroutine never waits for anything else.
func (c *miniConn) newSubscriptions() *subscriptions {
	s := &subscriptions{sub: c.miniredis.redis.NewSubscriber()}
	s.pump.Go(func() {
		messages, pmessages := s.sub.Messages(), s.sub.Pmessages()
		for messages != nil || pmessages != nil {
			select {
			case m, ok := <-messages:
				if !ok {
					messages = nil
					continue
				}
				c.push(c.appendPush(nil, "message", m.Channel, m.Message))
			case m, ok := <-pmessages:
				if !ok {
					pmessages = nil
					continue
				}
				c.push(c.appendPush(nil, "pmessage", m.Pattern, m.Channel, m.Message))
			}
		}
	})
	return s
}

// close leaves everything first, so that nobody publishes to what is closed then.
func (s *subscriptions) close() {
	for _, ch := range s.channels {
		s.sub.Unsubscribe(ch)
	}
	for _, p := range s.patterns {
		s.sub.Punsubscribe(p)
	}
	s.sub.Close()
	s.pump.Wait()
}

// subscribe runs the four commands. Each name is confirmed by itself, and before its first message.
func (c *miniConn) subscribe(command string, names []string) {
	kind := strings.ToLower(command)
	c.hold()
	leave := strings.HasSuffix(kind, "unsubscribe")
	if !leave && len(names) == 0 {
		c.reply(redcon.AppendError(nil, "ERR wrong number of arguments for '"+kind+"' command"))
		return
	}
	if c.channels == nil {
		c.channels = c.newSubscriptions()
	}
	s := c.channels
	list, join, part := &s.channels, s.sub.Subscribe, s.sub.Unsubscribe
	if kind[0] == 'p' {
		list, join, part = &s.patterns, s.sub.Psubscribe, s.sub.Punsubscribe
	}
	var b []byte
	if leave && len(names) == 0 {
		if len(*list) == 0 {
			b = c.appendPushHeader(b, 3)
			b = redcon.AppendBulkString(b, kind)
			b = c.appendNull(b)
			b = redcon.AppendInt(b, int64(s.count()))
		}
		names = slices.Clone(*list)
	}
	for _, name := range names {
		had := slices.Index(*list, name)
		switch {
		case leave:
			part(name)
			if had >= 0 {
				*list = slices.Delete(*list, had, had+1)
			}
		case had < 0:
			join(name)
			*list = append(*list, name)
		}
		b = c.appendPushHeader(b, 3)
		b = redcon.AppendBulkString(b, kind)
		b = redcon.AppendBulkString(b, name)
		b = redcon.AppendInt(b, int64(s.count()))
	}
	c.reply(b)
}

// pong is what PING gives below a RESP2 subscription.
func (c *miniConn) pong(args []string) []byte {
	payload := ""
	if len(args) > 0 {
		payload = args[0]
	}
	return appendCommand(nil, "pong", payload)
}

func (c *miniConn) appendPush(b []byte, parts ...string) []byte {
	b = c.appendPushHeader(b, len(parts))
	for _, p := range parts {
		b = redcon.AppendBulkString(b, p)
	}
	return b
}

func (c *miniConn) appendPushHeader(b []byte, n int) []byte {
	at := len(b)
	b = redcon.AppendArray(b, n)
	if c.resp3.Load() {
		b[at] = '>'
	}
	return b
}

func (c *miniConn) appendNull(b []byte) []byte {
	if c.resp3.Load() {
		return append(b, "_\r\n"...)
	}
	return redcon.AppendNull(b)
}
