package entratest

import (
	"slices"

	"github.com/tidwall/redcon"
)

// joinShardLocked and leaveShardLocked subscribe c to a sharded channel, of which miniredis knows nothing, or end that,
// and return how many are subscribed. They need Miniredis.running.
func (c *miniConn) joinShardLocked(name string) int {
	c.miniredis.shards[name] = append(c.miniredis.shards[name], c)
	return len(c.miniredis.shards[name])
}

func (c *miniConn) leaveShardLocked(name string) int {
	subscribers := c.miniredis.shards[name]
	subscribers = slices.DeleteFunc(subscribers, func(other *miniConn) bool { return other == c })
	c.miniredis.shards[name] = subscribers
	if len(subscribers) == 0 {
		delete(c.miniredis.shards, name)
	}
	return len(subscribers)
}

// publishToShardLocked is SPUBLISH. It needs Miniredis.running.
func (c *miniConn) publishToShardLocked(args []string) []byte {
	if len(args) != 3 {
		return redcon.AppendError(nil, "ERR wrong number of arguments for 'spublish' command")
	}
	if c.multi {
		return redcon.AppendError(nil, "ERR entratest: no SPUBLISH in MULTI")
	}
	subscribers := c.miniredis.shards[args[1]]
	for _, s := range subscribers {
		s.push(s.appendPush(nil, "smessage", args[1], args[2]))
	}
	return redcon.AppendInt(nil, int64(len(subscribers)))
}
