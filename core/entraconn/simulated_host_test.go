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

// A simulatedHost writes commands in rounds, and cuts them anywhere, and reads when it likes, and as much.
type simulatedHost struct {
	*simulation
	conn     *entraconn.Conn
	server   *simulatedServer
	by       *canceller
	hello    string        // what it says hello with, if it does
	restless bool          // it sets deadlines
	progress chan struct{} // something was read
	fates    []*simulatedCall
}

// read reads until the connection ends.
func (h *simulatedHost) read() {
	for {
		p := make([]byte, []int{1, 2, 3, 7, 16, 4096, 4096}[h.dice.below(7)])
		if h.restless && h.dice.oneIn(3) {
			_ = h.conn.SetReadDeadline(time.Now().Add(h.dice.within(h.life)))
		}
		n, err := h.conn.Read(p)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			_ = h.conn.SetReadDeadline(time.Time{})
			if h.dice.oneIn(3) {
				elapse(h.dice.within(3 * time.Second))
			}
			continue
		}
		h.mu.Lock()
		h.transcript.read(p[:n])
		if err != nil && !h.closing {
			h.wrong("the host reads %v", err)
		}
		h.mu.Unlock()
		select {
		case h.progress <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// fidget changes deadlines while others read and write.
func (h *simulatedHost) fidget(done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-time.After(h.dice.within(h.life / 5)):
		}
		_ = h.conn.SetReadDeadline(time.Now().Add(h.dice.within(h.life / 3)))
		_ = h.conn.SetWriteDeadline(time.Now().Add(100 * h.life))
	}
}

// write writes commands.
func (h *simulatedHost) write(commands ...string) {
	h.mu.Lock()
	for _, c := range commands {
		words := strings.Fields(c)
		h.written = append(h.written, withoutTimeout(words))
	}
	h.mu.Unlock()
	for b := modelserver.Encode(commands...); len(b) > 0; {
		n := len(b)
		if h.dice.oneIn(3) {
			n = 1 + h.dice.below(n)
		}
		if _, err := h.conn.Write(b[:n]); err != nil {
			h.mu.Lock()
			h.wrong("the host writes: %v", err)
			h.mu.Unlock()
			return
		}
		if b = b[n:]; h.dice.oneIn(4) {
			elapse(h.dice.within(20 * time.Millisecond))
		}
	}
}

// has waits until the host has read all that the server has to say, and reports whether everything was right so far.
func (h *simulatedHost) has(patience time.Duration) bool {
	for late := time.After(patience); ; {
		h.mu.Lock()
		done := h.server.executed == len(h.written) && h.server.blocked == nil && len(h.transcript.frames) == 0
		fine := len(h.faults) == 0
		h.mu.Unlock()
		if done || !fine {
			return fine
		}
		select {
		case <-h.progress:
		case <-late:
			h.mu.Lock()
			h.wrong("after %v the host lacks %d frames, %d of %d commands were run", patience, len(h.transcript.frames), h.server.executed, len(h.written))
			h.mu.Unlock()
			return false
		}
	}
}

// round writes some commands at once, and waits until they were answered. Calls that block meet their fates meanwhile.
func (h *simulatedHost) round() bool {
	var commands []string
	for range 1 + h.dice.below(4) {
		commands = append(commands, h.draw()...)
	}
	var fates sync.WaitGroup
	for _, call := range h.fates {
		fates.Go(func() { h.server.seal(call, h.by) })
	}
	h.fates = nil
	h.write(commands...)
	fine := h.has(100*h.life + time.Hour)
	if !fine {
		h.end() // and so no fate is waited for in vain
	}
	fates.Wait()
	if fine && h.dice.oneIn(3) {
		elapse(h.dice.within(h.life))
	}
	return fine
}

func (h *simulatedHost) end() {
	h.mu.Lock()
	h.closing = true
	h.mu.Unlock()
	h.conn.Close()
}

// draw returns commands that belong together.
func (h *simulatedHost) draw() []string {
	switch k := h.dice.below(20); {
	case k < 6:
		return []string{"ECHO " + h.name()}
	case k < 15:
		return []string{h.block()}
	case k < 17:
		return h.transaction()
	case k == 17 && h.hello != "":
		return []string{"WATCH " + h.name(), "ECHO " + h.name(), h.hello, h.block()}
	}
	commands := []string{"SUBSCRIBE ch"}
	for range h.dice.below(3) {
		commands = append(commands, "PING")
	}
	if commands = append(commands, "UNSUBSCRIBE ch"); h.dice.oneIn(2) {
		commands = append(commands, "PSUBSCRIBE p*", "PUNSUBSCRIBE p*")
	}
	return commands
}

func (h *simulatedHost) transaction() []string {
	commands := []string{"MULTI"}
	for range 1 + h.dice.below(3) {
		commands = append(commands, []string{"BLPOP " + h.name() + " 0", "ECHO " + h.name()}[h.dice.below(2)])
	}
	if h.dice.oneIn(4) {
		return append(commands, "DISCARD")
	}
	return append(commands, "EXEC")
}

// block returns a command that blocks, whose fate awaits it.
func (h *simulatedHost) block() string {
	call := &simulatedCall{key: h.name(), blocks: make(chan struct{})}
	call.timeout = []time.Duration{0, 0, 0, 3 * h.life, h.life / 2, 5 * h.life / 3}[h.dice.below(6)].Round(time.Second)
	h.mu.Lock()
	h.calls[call.key] = call
	h.mu.Unlock()
	h.fates = append(h.fates, call)
	if call.name = "BLPOP"; h.dice.oneIn(2) {
		call.name = "BRPOPLPUSH"
		return fmt.Sprintf("BRPOPLPUSH %s destination %d", call.key, int(call.timeout.Seconds()))
	}
	return fmt.Sprintf("BLPOP %s %d", call.key, int(call.timeout.Seconds()))
}

// name returns a name that nothing else has.
func (h *simulatedHost) name() string {
	h.names++
	return fmt.Sprint("n", h.names)
}
