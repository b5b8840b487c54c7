package adaptertest

import (
	"fmt"
	"strconv"
	"time"
)

// subscribers has two connections subscribed all day, to a channel and to a pattern, and a publisher for each.
func (d *day) subscribers() {
	d.subscriber(Channel, "day:channel", "day:channel")
	d.subscriber(Pattern, "day:pattern:*", "day:pattern:1")
}

// A listener is what is subscribed, and what was published to it.
type listener struct {
	order
	day           *day
	kind          Kind
	name, channel string
	sub           Subscription
}

func (d *day) subscriber(kind Kind, name, channel string) {
	l := &listener{day: d, kind: kind, name: name, channel: channel}
	if err := l.subscribe(); err != nil {
		d.t.Fatalf("%s: %v", kind, d.output.saw(err))
	}
	d.work(string(kind), 30*time.Second, l.publish)
	d.judges = append(d.judges, func() {
		d.stop(l.sub)
		sent, lost, err := l.judge()
		if err != nil {
			d.t.Errorf("%s: %v", kind, err)
		}
		d.tally.messages += sent
		d.tally.messagesLost += lost
	})
}

func (l *listener) subscribe() (err error) {
	l.sub, err = l.day.trySubscribe(l.day.client, l.kind, l.name, func(message string) {
		n, err := strconv.Atoi(message)
		if err != nil {
			n = -1
		}
		l.came(n)
	})
	return err
}

// publish sends the next message, and every hour PING on the subscription. If no subscriber is
// there some seconds after the node is back, the library does not subscribe again by itself, and
// its user must.
func (l *listener) publish(iteration int) error {
	began := time.Now()
	receivers, err := l.day.client.Do(l.day.ctx, "PUBLISH", l.channel, strconv.Itoa(l.next()))
	if err != nil {
		return err
	}
	inMoment := l.day.reboot.touches(began, time.Now())
	l.sent(inMoment)
	switch {
	case receivers == int64(1):
	case !inMoment:
		return fmt.Errorf("message went to %v subscribers", receivers)
	case l.day.reboot.isCalled():
		_ = l.day.output.saw(l.sub.Stop()) // there is nothing left to be stopped
		l.day.tally.resubscribed.Add(1)
		return l.day.call(l.subscribe)
	}
	if l.sub.Ping != nil && iteration%120 == 60 {
		return l.sub.Ping(l.day.ctx)
	}
	return nil
}
