package entratest

import "slices"

// shardChannels are the subscribers of sharded channels, of which miniredis knows nothing.
type shardChannels map[string][]*miniConn

// join subscribes c to a channel, and returns how many are subscribed.
func (s shardChannels) join(name string, c *miniConn) int {
	s[name] = append(s[name], c)
	return len(s[name])
}

// leave ends that, and returns how many are subscribed.
func (s shardChannels) leave(name string, c *miniConn) int {
	remaining := slices.DeleteFunc(s[name], func(other *miniConn) bool { return other == c })
	if s[name] = remaining; len(remaining) == 0 {
		delete(s, name)
	}
	return len(remaining)
}

// publish sends a message to the subscribers of a channel, and returns how many there are.
func (s shardChannels) publish(name, message string) int {
	for _, c := range s[name] {
		c.outlet.push(c.protocol.appendPush(nil, "smessage", name, message))
	}
	return len(s[name])
}
