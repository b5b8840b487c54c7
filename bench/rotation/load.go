package rotation

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/gomodule/redigo/redis"

	"github.com/entraredis/entraredis/bench/internal/peers"
)

// A load is what a program does with a client, and the results.
type load struct {
	client   peers.Client
	cancel   context.CancelFunc
	working  sync.WaitGroup
	from     time.Time
	counting atomic.Bool // what begins now counts
	since    time.Time   // it does

	commands, errors atomic.Int64
	pops, broken     atomic.Int64

	mu        sync.Mutex
	latency   []*hdrhistogram.Histogram // of the commands of each second
	published map[int]bool              // the messages that count
	received  []map[int]bool            // by each subscriber
}

const (
	publishEvery = 10 * time.Millisecond
	pushEvery    = 2 * time.Second // longer than a token
	channel      = "rotation"
)

// startLoad starts everything, and returns when all subscribers have subscribed. backend is the server itself, past the
// gateway.
func startLoad(ctx context.Context, backend string, client peers.Client) (*load, error) {
	ctx, cancel := context.WithCancel(ctx)
	l := &load{client: client, cancel: cancel, published: map[int]bool{}}
	var subscribed sync.WaitGroup
	for i := range subscribers {
		l.received = append(l.received, map[int]bool{})
		subscribed.Add(1)
		l.working.Go(func() { client.Listen(ctx, channel, subscribed.Done, func(m string) { l.message(i, m) }) })
	}
	subscribed.Wait()
	for _, work := range []func(context.Context, redis.Conn){l.publish, l.push} {
		conn, err := redis.DialContext(ctx, "tcp", backend)
		if err != nil {
			l.end()
			return nil, err
		}
		l.working.Go(func() {
			defer conn.Close()
			work(ctx, conn)
		})
	}
	l.from = time.Now()
	for range conns {
		l.working.Go(func() { l.work(ctx) })
	}
	for i := range blocked {
		l.working.Go(func() { l.block(ctx, i) })
	}
	return l, nil
}

// end ends everything. Calling it again does nothing.
func (l *load) end() {
	l.cancel()
	l.working.Wait()
}

// work sends a command in each wave, however long the one before took, and measures it from when it was to be sent.
func (l *load) work(ctx context.Context) {
	const every = time.Second * conns / perSecond
	next := l.from.Add(every)
	timer := time.NewTimer(time.Until(next))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		counts := l.counting.Load()
		err := l.client.Get(context.WithoutCancel(ctx), "key")
		if took := time.Since(next); counts {
			l.commands.Add(1)
			l.record(next, took)
			if err != nil {
				l.errors.Add(1)
			}
		}
		next = next.Add(every)
		timer.Reset(time.Until(next))
	}
}

// count lets everything count that begins in the seconds to come.
func (l *load) count(seconds int) {
	l.startCounting(seconds)
	time.Sleep(time.Duration(seconds) * time.Second)
	l.counting.Store(false)
}

// startCounting lets everything count that begins from now on. What comes later than these seconds counts for the last.
func (l *load) startCounting(seconds int) {
	for range seconds {
		l.latency = append(l.latency, newHistogram())
	}
	l.since = time.Now()
	l.counting.Store(true)
}

// record keeps how long a command took that was to be sent at a moment.
func (l *load) record(at time.Time, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	second := min(max(0, int(at.Sub(l.since)/time.Second)), len(l.latency)-1)
	_ = l.latency[second].RecordValue(min(int64(took), int64(time.Minute)))
}

// block waits again and again for what is pushed every two seconds.
func (l *load) block(ctx context.Context, i int) {
	for ctx.Err() == nil {
		counts := l.counting.Load()
		popped, err := l.client.Pop(ctx, queue(i), 10*time.Second)
		if ctx.Err() != nil {
			return
		}
		if counts || l.counting.Load() {
			l.pops.Add(1)
			if err != nil || !popped {
				l.broken.Add(1)
			}
		}
	}
}

func queue(i int) string { return fmt.Sprintf("queue:%d", i) }

func (l *load) push(ctx context.Context, conn redis.Conn) {
	for tick := time.NewTicker(pushEvery); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			for i := range blocked { // for those that still wait
				_, _ = conn.Do("RPUSH", queue(i), "end")
			}
			time.Sleep(10 * time.Millisecond)
			_, _ = conn.Do("FLUSHALL")
			return
		case <-tick.C:
		}
		for i := range blocked {
			_, _ = conn.Do("RPUSH", queue(i), "x")
		}
	}
}

func (l *load) publish(ctx context.Context, conn redis.Conn) {
	tick := time.NewTicker(publishEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if l.counting.Load() {
			l.mu.Lock()
			l.published[n] = true
			l.mu.Unlock()
		}
		_, _ = conn.Do("PUBLISH", channel, n)
	}
}

func (l *load) message(subscriber int, text string) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.received[subscriber][n] = true
}

// catchUp gives subscribers time for what is still on its way to them: a message that comes late is not lost.
func (l *load) catchUp(ctx context.Context) {
	const most, look = time.Second, 10 * time.Millisecond
	for end := time.Now().Add(most); ctx.Err() == nil && time.Now().Before(end) && l.missing() > 0; {
		time.Sleep(look)
	}
}

// missing returns how many of the messages that count have not been received, by all subscribers together.
func (l *load) missing() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, received := range l.received {
		for message := range l.published {
			if !received[message] {
				n++
			}
		}
	}
	return n
}

func (l *load) result() *slice {
	s := &slice{latency: l.latency, commands: int(l.commands.Load()), errors: int(l.errors.Load()), pops: int(l.pops.Load()), broken: int(l.broken.Load())}
	s.lost = l.missing()
	l.mu.Lock()
	defer l.mu.Unlock()
	s.messages = len(l.published) * len(l.received)
	return s
}
