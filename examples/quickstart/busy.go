package main

import (
	"context"
	"time"
)

// A busyness is how busy the machine was with other things.
type busyness struct {
	life  time.Duration // of a token
	total time.Duration // for which the program was kept from running
	worst time.Duration // of that, within any one token's life
}

// tooMuch reports whether the machine was too busy to judge: it took the tenth of a token's life that the library leaves
// between the last AUTH and the token's end.
func (b busyness) tooMuch() bool { return b.worst > 0 && b.worst >= b.life/10 }

// watchBusyness asks how long the program has starved, often enough to know the worst life, until ctx ends. The result
// comes then. starved may be nil: nothing is known of Azure's servers.
func watchBusyness(ctx context.Context, starved func() time.Duration, life time.Duration) <-chan busyness {
	result := make(chan busyness, 1)
	if starved == nil {
		result <- busyness{life: life}
		return result
	}
	go func() {
		const samples = 20 // in a life
		tick := time.NewTicker(life / samples)
		defer tick.Stop()
		began := starved()
		b := busyness{life: life}
		var seen []time.Duration
		for {
			now := starved()
			seen = append(seen, now)
			if len(seen) > samples+1 {
				seen = seen[1:]
			}
			b.total, b.worst = now-began, max(b.worst, now-seen[0])
			select {
			case <-tick.C:
			case <-ctx.Done():
				result <- b
				return
			}
		}
	}()
	return result
}
