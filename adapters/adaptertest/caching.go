package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// neverStale catches a library that sends AUTH between CLIENT CACHING YES and its read, or loses
// invalidation messages. Callers would then read the old value for ever.
func neverStale(e *env) {
	const keys = 10
	e.cfg.Caching = true
	client := e.open("caching", 3)
	e.cfg.Caching = false
	writer := e.open("writer", 1)
	cacher, ok := client.(Cacher)
	if !ok {
		e.t.Fatal("the client is no Cacher, and Harness.Lacks does not say why")
	}
	key := func(n int) string { return fmt.Sprint("cached:", n%keys) }
	for range rotations + 1 {
		e.during(func() { e.awaitTokens(1) }, 3, e.interval(2000), func(worker, iteration int) error {
			if worker == 0 {
				_, err := writer.Do(e.ctx, "SET", key(iteration), strconv.FormatInt(time.Now().UnixNano(), 10))
				return err
			}
			_, err := cacher.Cached(e.ctx, key(iteration))
			return err
		})
		rest(e.ctx, time.Second) // all messages have come
		// The first try reads what was written last.
		e.eventually("keys that were read before are cached", func(context.Context) error {
			before := e.gateway.Stats().Commands
			for n := range keys {
				got, err := cacher.Cached(e.ctx, key(n))
				want, werr := writer.Do(e.ctx, "GET", key(n))
				if err = errors.Join(err, werr); err == nil && want != nil && got != want {
					err = fmt.Errorf("%s: %q from the cache, %q from the server", key(n), got, want)
				}
				if err != nil && e.virtual { // in real time the message may come later
					e.t.Fatal(e.output.saw(err))
				}
				if err != nil {
					return err
				}
			}
			if commands := e.gateway.Stats().Commands - before; commands >= 2*keys {
				return fmt.Errorf("%d keys took %d commands", keys, commands-keys)
			}
			return nil
		})
	}
	e.unnoticed()
}
