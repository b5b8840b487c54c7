package entraconn_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
)

// A simulatedClient writes pipelines, cut anywhere, and reads at random moments into buffers of
// random sizes.
type simulatedClient struct {
	*simulation
	conn     *entraconn.Conn
	server   *simulatedServer
	by       *canceller
	hello    string           // its HELLO, "" for none
	restless bool             // it sets deadlines at random
	progress chan struct{}    // something was read
	calls    []*simulatedCall // in the next pipeline
}

// run writes and reads some pipelines.
func (c *simulatedClient) run() {
	c.restless = c.dice.oneIn(2)
	done := make(chan struct{})
	var all sync.WaitGroup
	all.Go(c.read)
	var first []string
	if k := c.dice.below(6); k < 4 {
		c.hello = "hello 3"
	} else if k < 5 || c.restless {
		c.hello = "hello 2"
	}
	if c.hello != "" {
		first = append(first, c.hello)
	}
	if c.hello == "hello 3" && !c.dice.oneIn(3) {
		first = append(first, "CLIENT TRACKING on")
	}
	c.write(append(first, "PING")...)
	fine := c.caughtUp(time.Minute)
	all.Go(func() { c.server.chat(done) })
	if c.restless {
		all.Go(func() { c.fidget(done) })
	}
	for n := 0; n < 12 && fine; n++ {
		fine = c.pipeline()
	}
	close(done)
	if fine {
		c.write("ECHO end")
		c.caughtUp(time.Minute)
	}
	c.end()
	all.Wait()
}

// read reads until the connection ends.
func (c *simulatedClient) read() {
	for {
		p := make([]byte, []int{1, 2, 3, 7, 16, 4096, 4096}[c.dice.below(7)])
		if c.restless && c.dice.oneIn(3) {
			_ = c.conn.SetReadDeadline(time.Now().Add(c.dice.within(c.life)))
		}
		n, err := c.conn.Read(p)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			_ = c.conn.SetReadDeadline(time.Time{})
			if c.dice.oneIn(3) {
				elapse(c.dice.within(3 * time.Second))
			}
			continue
		}
		c.mu.Lock()
		c.transcript.read(p[:n])
		if err != nil && !c.closing {
			c.faultLocked("the client reads %v", err)
		}
		c.mu.Unlock()
		select {
		case c.progress <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// fidget changes deadlines while other goroutines read and write.
func (c *simulatedClient) fidget(done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-time.After(c.dice.within(c.life / 5)):
		}
		_ = c.conn.SetReadDeadline(time.Now().Add(c.dice.within(c.life / 3)))
		_ = c.conn.SetWriteDeadline(time.Now().Add(100 * c.life))
	}
}

// write writes commands.
func (c *simulatedClient) write(commands ...string) {
	c.mu.Lock()
	for _, command := range commands {
		c.written = append(c.written, withoutTimeout(strings.Fields(command)))
	}
	c.mu.Unlock()
	for b := modelserver.Encode(commands...); len(b) > 0; {
		n := len(b)
		if c.dice.oneIn(3) {
			n = 1 + c.dice.below(n)
		}
		if _, err := c.conn.Write(b[:n]); err != nil {
			c.mu.Lock()
			c.faultLocked("the client writes: %v", err)
			c.mu.Unlock()
			return
		}
		if b = b[n:]; c.dice.oneIn(4) {
			elapse(c.dice.within(20 * time.Millisecond))
		}
	}
}

// caughtUp waits until the client has read all that the server has said, and reports whether
// everything was right so far.
func (c *simulatedClient) caughtUp(patience time.Duration) bool {
	for late := time.After(patience); ; {
		c.mu.Lock()
		done := c.server.executed == len(c.written) && c.server.blocked == nil && len(c.transcript.frames) == 0
		fine := len(c.faults) == 0
		c.mu.Unlock()
		if done || !fine {
			return fine
		}
		select {
		case <-c.progress:
		case <-late:
			c.mu.Lock()
			c.faultLocked("after %v the client lacks %d frames, %d of %d commands were run", patience, len(c.transcript.frames), c.server.executed, len(c.written))
			c.mu.Unlock()
			return false
		}
	}
}

// pipeline writes some commands at once, and waits until they were answered. Meanwhile each
// blocking call meets its fate.
func (c *simulatedClient) pipeline() bool {
	var commands []string
	for range 1 + c.dice.below(4) {
		commands = append(commands, c.draw()...)
	}
	var fates sync.WaitGroup
	for _, call := range c.calls {
		fates.Go((&fate{c.server, call, c.by}).come)
	}
	c.calls = nil
	c.write(commands...)
	fine := c.caughtUp(100*c.life + time.Hour)
	if !fine {
		c.end() // so that no call waits for its fate in vain
	}
	fates.Wait()
	if fine && c.dice.oneIn(3) {
		elapse(c.dice.within(c.life))
	}
	return fine
}

func (c *simulatedClient) end() {
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	c.conn.Close()
}

// draw returns commands that belong together.
func (c *simulatedClient) draw() []string {
	switch k := c.dice.below(20); {
	case k < 6:
		return []string{"ECHO " + c.name()}
	case k < 15:
		return []string{c.block()}
	case k < 17:
		return c.transaction()
	case k == 17 && c.hello != "":
		return []string{"WATCH " + c.name(), "ECHO " + c.name(), c.hello, c.block()}
	}
	commands := []string{"SUBSCRIBE ch"}
	for range c.dice.below(3) {
		commands = append(commands, "PING")
	}
	if commands = append(commands, "UNSUBSCRIBE ch"); c.dice.oneIn(2) {
		commands = append(commands, "PSUBSCRIBE p*", "PUNSUBSCRIBE p*")
	}
	return commands
}

func (c *simulatedClient) transaction() []string {
	commands := []string{"MULTI"}
	for range 1 + c.dice.below(3) {
		commands = append(commands, []string{"BLPOP " + c.name() + " 0", "ECHO " + c.name()}[c.dice.below(2)])
	}
	if c.dice.oneIn(4) {
		return append(commands, "DISCARD")
	}
	return append(commands, "EXEC")
}

// block returns a command that blocks.
func (c *simulatedClient) block() string {
	call := &simulatedCall{key: c.name(), blocks: make(chan struct{})}
	call.timeout = []time.Duration{0, 0, 0, 3 * c.life, c.life / 2, 5 * c.life / 3}[c.dice.below(6)].Round(time.Second)
	c.mu.Lock()
	c.simulation.calls[call.key] = call
	c.mu.Unlock()
	c.calls = append(c.calls, call)
	call.name = []string{"BLPOP", "BRPOPLPUSH", "XREAD", "XREADGROUP"}[c.dice.below(4)]
	call.added = c.dice.below(3)
	return call.words()
}

// name returns a name that nothing else has.
func (c *simulatedClient) name() string {
	c.names++
	return fmt.Sprint("n", c.names)
}
