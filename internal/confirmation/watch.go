// Package confirmation tells a test when the server has confirmed a subscription. Clients that say so themselves do it in
// newer versions only than the oldest that this module supports.
package confirmation

import (
	"bytes"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
)

// A Watch reads along what arrives on a client's connections. Its zero value is ready.
type Watch struct {
	expected atomic.Int32 // how many there are, so that reads cost nothing while there are none

	mu    sync.Mutex
	calls map[*call]struct{}
}

type call struct {
	frame []byte
	fn    func()
}

// Expect calls fn whenever the server confirms a subscription, until stop is called. The command is that of the confirmation,
// in lower case, such as "subscribe". Fn is called by the goroutine that reads the connection, before the client has seen the
// confirmation.
func (w *Watch) Expect(command, channel string, fn func()) (stop func()) {
	c := &call{fmt.Appendf(nil, "$%d\r\n%s\r\n$%d\r\n%s\r\n", len(command), command, len(channel), channel), fn}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calls == nil {
		w.calls = map[*call]struct{}{}
	}
	w.calls[c] = struct{}{}
	w.expected.Add(1)
	return sync.OnceFunc(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.calls, c)
		w.expected.Add(-1)
	})
}

// Conn returns a connection that the Watch reads along.
func (w *Watch) Conn(c net.Conn) net.Conn { return &conn{Conn: c, watch: w} }

// met returns the calls for the frames that end in the bytes after the first old ones.
func (w *Watch) met(seen []byte, old int) (fns []func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.calls {
		if bytes.Contains(seen[max(0, old-len(c.frame)+1):], c.frame) {
			fns = append(fns, c.fn)
		}
	}
	return fns
}

type conn struct {
	net.Conn
	watch *Watch
	tail  []byte // what was read last: a frame may come in parts
}

// tailSize is more than the frame of any channel in the tests.
const tailSize = 1 << 10

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.watch.expected.Load() == 0 {
		c.tail = c.tail[:0]
		return n, err
	}
	old := len(c.tail)
	c.tail = append(c.tail, b[:n]...)
	for _, fn := range c.watch.met(c.tail, old) {
		fn()
	}
	if excess := len(c.tail) - tailSize; excess > 0 {
		c.tail = append(c.tail[:0], c.tail[excess:]...)
	}
	return n, err
}
