package adaptertest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
)

// subscribed catches a library that never renews a subscribed connection (go-redis), that loses it because RESP2
// permits no AUTH there (rueidis), or that renews it by subscribing again: what was published in between is lost.
func subscribed(kind Kind, name, publish, channel string) func(*env) {
	return func(e *env) {
		client := e.open("subscriber", 2)
		box, sub := e.subscribe(client, kind, name)
		sent := e.publish(client, publish, channel, sub, e.awaitRotations)
		box.complete(e, sent)
		e.renewed(1) // rueidis has one connection for both
		e.unnoticed()
		e.stop(sub)
	}
}

// backInThePool catches a library that leaves a once subscribed connection in a state that its next
// user does not expect, or that no longer renews it.
func backInThePool(e *env) {
	client := e.open("subscriber", 2)
	box, sub := e.subscribe(client, Channel, "channel")
	sent := e.publish(client, "PUBLISH", "channel", sub, func() { e.awaitTokens(1) })
	box.complete(e, sent)
	e.stop(sub)
	e.ping(client, 2)
	dialed := e.gateway.Stats().Accepted
	e.during(func() { e.awaitTokens(2) }, 2, e.interval(1000), func(int, int) error {
		_, err := client.Do(e.ctx, "INCR", "key")
		return err
	})
	e.ping(client, 2)
	if more := e.gateway.Stats().Accepted - dialed; more > 0 {
		e.t.Errorf("%d connections were dialed after the subscription had ended", more)
	}
	box, sub = e.subscribe(client, Channel, "channel")
	sent = e.publish(client, "PUBLISH", "channel", sub, func() { e.awaitTokens(2) })
	box.complete(e, sent)
	e.stop(sub)
	if s := e.gateway.Stats(); s.Expired > 0 {
		e.t.Errorf("the server closed %d connections whose token had expired", s.Expired)
	}
	e.eachTokenOnce()
}

// subscriptionCutOff catches a library that goes on for ever with a subscription whose connection has ended, and gets no
// messages. It has to subscribe again, or to tell the program.
func subscriptionCutOff(e *env) {
	client := e.open("cut off", 2)
	box, sub := e.subscribe(client, Channel, "channel")
	published := 0
	hears := func(ctx context.Context) error {
		message := strconv.Itoa(published)
		published++
		if _, err := client.Do(ctx, "PUBLISH", "channel", message); err != nil {
			return err
		}
		if rest(ctx, e.interval(1000)); !box.has(message) {
			return errors.New("the message did not come")
		}
		return nil
	}
	e.eventually("a message", hears)
	if dropped := e.gateway.DropAll(); dropped < 1 {
		e.t.Fatal("no connection was there to be dropped")
	}
	e.eventually("a message after the connection has ended", func(ctx context.Context) error {
		select {
		case <-sub.Ended:
			_ = sub.Stop() // with the error that has ended it
			again, err := client.Subscribe(e.ctx, Channel, "channel", box.take)
			if err != nil {
				return err
			}
			sub = again
		default:
		}
		return hears(ctx)
	})
	e.stop(sub)
}

// subscribeRefused catches a library that counts on a confirmation when the server refuses SUBSCRIBE: from then on
// every reply goes to the wrong command. The user may not use the command, or not the channel.
func subscribeRefused(e *env) {
	client := e.open("refused", 1)
	e.subscriptionRefused(client, Pattern)
	if e.dialect.Knows(channelRules) {
		e.subscriptionRefused(client, Channel)
	}
	box, sub := e.subscribe(client, Channel, "allowed")
	sent := e.publish(client, "PUBLISH", "allowed", sub, e.awaitRotations)
	box.complete(e, sent)
	e.stop(sub)
	if s := e.gateway.Stats(); s.Expired > 0 {
		e.t.Errorf("the server closed %d connections whose token had expired", s.Expired)
	}
}

func (e *env) subscriptionRefused(client Client, kind Kind) {
	e.t.Helper()
	sub, err := e.trySubscribe(client, kind, "forbidden", func(string) {})
	if err == nil {
		e.stop(sub)
		e.t.Fatalf("%s was to be refused and was not", kind)
	}
	if !strings.Contains(e.output.saw(err).Error(), "NOPERM") {
		e.t.Errorf("%s: %v, want NOPERM", kind, err)
	}
}

// serverWithoutRESP3 catches a library that assumes that the server speaks RESP3. Without RESP3 a
// connection that was subscribed once cannot be renewed, and ends with its token. If it is in use,
// it is retired between two replies; if it is idle, the server closes it. redigo puts it back into
// its pool, so one caller may see the end. Everything else goes on.
func serverWithoutRESP3(e *env) {
	e.through(func(conn net.Conn) net.Conn { return olderServer{conn} })
	client := e.open("older", 2)
	again := func() error { return nil }
	e.eventually("a subscription within a token's life", func(context.Context) error {
		if err := again(); err != nil {
			return err
		}
		again = func() error { // a library may never learn that a subscription has ended
			err := client.Close()
			client = e.open("older", 2)
			return err
		}
		box := &inbox{}
		sub, err := e.trySubscribe(client, Channel, "channel", box.take)
		if err == nil {
			sent, lost := e.tryPublish(client, "PUBLISH", "channel", sub, func() { rest(e.ctx, e.life/4) })
			if err = lost; err == nil {
				err = box.completeNow(e, client, "channel", sent)
			}
			err = errors.Join(err, sub.Stop())
		}
		if err != nil && e.virtual { // in real time a token may end meanwhile
			e.t.Errorf("within a token's life: %v", e.output.saw(err))
			return nil
		}
		return err
	})
	var ended atomic.Int64
	orEnded := func(err error) error { // once
		if errors.Is(e.output.saw(err), io.EOF) && ended.Add(1) == 1 {
			return nil
		}
		return err
	}
	if err := orEnded(e.hold(client, 2, func(int, Conn) error { return nil })); err != nil {
		e.t.Fatalf("two connections: %v", err)
	}
	e.during(e.awaitRotations, 2, e.interval(1000), func(int, int) error {
		_, err := client.Do(e.ctx, "INCR", "key")
		return orEnded(err)
	})
	if s := e.gateway.Stats(); s.Expired > 1 {
		e.t.Errorf("the server closed %d connections whose token had expired", s.Expired)
	}
}

// An olderServer refuses HELLO 3, as Redis refuses HELLO 9. It expects HELLO within a single Write:
// no client splits so short a command.
type olderServer struct{ net.Conn }

func (s olderServer) Write(p []byte) (int, error) {
	changed := bytes.Clone(p)
	for _, hello := range []string{"HELLO", "hello"} {
		old := []byte("$5\r\n" + hello + "\r\n$1\r\n3\r\n")
		changed = bytes.ReplaceAll(changed, old, []byte("$5\r\n"+hello+"\r\n$1\r\n9\r\n"))
	}
	return s.Conn.Write(changed)
}
