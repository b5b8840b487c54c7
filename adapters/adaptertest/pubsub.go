package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
)

// pubSub catches a library that never renews a subscribed connection (go-redis), or renews it by subscribing
// again: what was published in between is lost.
func pubSub(e *env) {
	client := e.open("subscriber", 2)
	var mu sync.Mutex
	var received []string
	stop, err := client.Subscribe(e.ctx, "channel", func(message string) {
		mu.Lock()
		defer mu.Unlock()
		received = append(received, message)
	})
	if err != nil {
		e.t.Fatalf("SUBSCRIBE: %v", e.output.saw(err))
	}
	sent := e.during(e.awaitRotations, 1, e.pace(2000), func(_, round int) error {
		got, err := client.Do(e.ctx, "PUBLISH", "channel", strconv.Itoa(round))
		if err == nil && got != int64(1) {
			err = fmt.Errorf("message %d went to %v subscribers", round, got)
		}
		return err
	})
	want := make([]string, sent)
	for i := range want {
		want[i] = strconv.Itoa(i)
	}
	e.eventually("the last message", func(context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if len(received) < sent {
			return errors.New("has not come")
		}
		return nil
	})
	e.renewed(1) // rueidis has one connection for both
	e.unnoticed()
	if err := stop(); err != nil {
		e.t.Errorf("UNSUBSCRIBE: %v", e.output.saw(err))
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(received, want) {
		e.t.Errorf("%d messages were sent, %d came, or not in their order", sent, len(received))
	}
}
