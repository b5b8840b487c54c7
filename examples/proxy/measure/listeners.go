package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/gomodule/redigo/redis"
)

// listeners are a subscriber and a client that waits in BLPOP, both through the proxy, and one that publishes and pushes
// past it.
type listeners struct {
	cancel context.CancelFunc
	ended  chan error
	heard  int
	popped int
}

const lastWord = "end"

// startListeners starts to publish and to push a number every 20 ms.
func startListeners(ctx context.Context, proxy, cache string) (*listeners, error) {
	subscriber, err := redis.DialContext(ctx, "tcp", proxy)
	if err != nil {
		return nil, err
	}
	popper, err := redis.DialContext(ctx, "tcp", proxy)
	if err != nil {
		return nil, err
	}
	speaker, err := redis.DialContext(ctx, "tcp", cache)
	if err != nil {
		return nil, err
	}
	channel := redis.PubSubConn{Conn: subscriber}
	if err := channel.Subscribe("news"); err != nil {
		return nil, err
	}
	if _, ok := channel.Receive().(redis.Subscription); !ok {
		return nil, errors.New("the subscriber gets no confirmation")
	}
	ctx, cancel := context.WithCancel(ctx)
	l := &listeners{cancel: cancel, ended: make(chan error, 3)}
	go func() { l.ended <- speak(ctx, speaker) }()
	go func() { l.ended <- l.hear(channel) }()
	go func() { l.ended <- l.pop(popper) }()
	return l, nil
}

// stop ends the speaking, and returns how much the others got. It is an error if that is not everything, in order.
func (l *listeners) stop() (string, error) {
	l.cancel()
	err := errors.Join(<-l.ended, <-l.ended, <-l.ended)
	return fmt.Sprintf("messages=%d elements=%d lost=0", l.heard, l.popped), err
}

func speak(ctx context.Context, conn redis.Conn) error {
	defer conn.Close()
	say := func(word string) error {
		if err := conn.Send("PUBLISH", "news", word); err != nil {
			return err
		}
		_, err := conn.Do("RPUSH", "queue", word)
		return err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return say(lastWord)
		}
		if err := say(strconv.Itoa(n)); err != nil {
			return err
		}
	}
}

func (l *listeners) hear(channel redis.PubSubConn) error {
	defer channel.Close()
	for {
		switch got := channel.Receive().(type) {
		case error:
			return fmt.Errorf("the subscriber: %w", got)
		case redis.Message:
			if done, err := inOrder(string(got.Data), &l.heard); done {
				return err
			}
		}
	}
}

func (l *listeners) pop(conn redis.Conn) error {
	defer conn.Close()
	for {
		got, err := redis.Strings(conn.Do("BLPOP", "queue", 0))
		if err != nil {
			return fmt.Errorf("the blocked client: %w", err)
		}
		if done, err := inOrder(got[1], &l.popped); done {
			return err
		}
	}
}

// inOrder counts a word, and reports whether it is the last one or not the next one.
func inOrder(word string, count *int) (done bool, err error) {
	if word == lastWord {
		return true, nil
	}
	if word != strconv.Itoa(*count) {
		return true, fmt.Errorf("%q comes after %d others", word, *count)
	}
	*count++
	return false, nil
}
