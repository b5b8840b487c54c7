package entratest

import (
	"context"
	"fmt"
	"strings"
)

// Redirections returns how often clients were sent to another node so far, by MOVED and by ASK. A test of
// redirections that sees none proves nothing.
func (c *RedisCluster) Redirections(ctx context.Context) (moved, ask int, err error) {
	for _, n := range c.nodes {
		info, err := n.text(ctx, "INFO", "errorstats")
		if err != nil {
			return 0, 0, err
		}
		for line := range strings.Lines(info) {
			kind, count, _ := strings.Cut(strings.TrimSpace(line), ":count=")
			var times *int
			switch kind {
			case "errorstat_MOVED":
				times = &moved
			case "errorstat_ASK":
				times = &ask
			default:
				continue
			}
			here := 0
			if _, err := fmt.Sscan(count, &here); err != nil {
				return 0, 0, n.wrap(fmt.Errorf("INFO errorstats: %q: %w", line, err))
			}
			*times += here
		}
	}
	return moved, ask, nil
}
