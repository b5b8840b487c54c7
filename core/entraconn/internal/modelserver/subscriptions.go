package modelserver

import (
	"fmt"
	"strings"
)

// The subscriptions of a connection: "c:name" for a channel, "p:name" for a pattern, "s:name" for a
// shard channel.
type subscriptions map[string]bool

func (s subscriptions) subscribe(proto int, name string, channelNames []string) (out string) {
	for _, c := range channelNames {
		if c == "forbidden" {
			return "-NOPERM no channel permissions\r\n"
		}
	}
	if len(channelNames) == 0 {
		return "-ERR wrong number of arguments\r\n"
	}
	for _, c := range channelNames {
		s[SubscriptionKind(name)+":"+c] = true
		out += s.confirmation(proto, name, c)
	}
	return out + message(proto)
}

func (s subscriptions) unsubscribe(proto int, name string, channelNames []string) (out string) {
	if len(channelNames) == 0 {
		for sub := range s {
			if strings.HasPrefix(sub, SubscriptionKind(name)+":") {
				channelNames = append(channelNames, sub[2:])
			}
		}
	}
	if len(channelNames) == 0 {
		out := s.confirmation(proto, name, "")
		return strings.Replace(out, "$0\r\n\r\n", nullReply(proto, "$-1"), 1)
	}
	for i, c := range channelNames {
		delete(s, SubscriptionKind(name)+":"+c)
		out += s.confirmation(proto, name, fmt.Sprint(i)) // map order must not show
	}
	return out
}

// SubscriptionKind returns what a command of the SUBSCRIBE family is about: "c", "p" or "s", as in
// subscriptions.
func SubscriptionKind(name string) string {
	switch {
	case strings.HasPrefix(name, "P"):
		return "p"
	case strings.HasPrefix(name, "SS"), strings.HasPrefix(name, "SUN"):
		return "s"
	}
	return "c"
}

func (s subscriptions) confirmation(proto int, name, channel string) string {
	n := 0
	for sub := range s {
		if (sub[0] == 's') == (SubscriptionKind(name) == "s") {
			n++
		}
	}
	typ := "*"
	if proto == 3 {
		typ = ">"
	}
	return fmt.Sprintf("%s3\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n:%d\r\n", typ, len(name), strings.ToLower(name), len(channel), channel, n)
}

func message(proto int) string {
	typ := "*"
	if proto == 3 {
		typ = ">"
	}
	return typ + "3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\n+OK\r\n\r\n"
}

func nullReply(proto int, resp2 string) string {
	if proto == 3 {
		return "_\r\n"
	}
	return resp2 + "\r\n"
}
