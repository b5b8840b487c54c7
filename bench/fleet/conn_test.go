package fleet

import (
	"bytes"
	"net"
	"os"
	"strconv"
	"sync"
	"time"
)

// A conn is a connection to a cache that answers AUTH and PING at once, without a network: a fleet has many. The token
// is the time of its expiry.
type conn struct {
	auth func(expires time.Time) // told of each AUTH

	mu       sync.Mutex
	answers  []byte
	deadline time.Time
	changed  chan struct{} // closed when there is something new to look at
}

func newConn(auth func(time.Time)) *conn { return &conn{auth: auth, changed: make(chan struct{})} }

func (c *conn) wake() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// Write takes whole commands, which is how they come here.
func (c *conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for command := range bytes.SplitSeq(p, []byte("*")) {
		switch words := bytes.Split(command, []byte("\r\n")); {
		case bytes.Contains(command, []byte("AUTH")):
			nanos, err := strconv.ParseInt(string(words[6]), 10, 64)
			if err != nil {
				c.answers = append(c.answers, "-WRONGPASS that is no token\r\n"...)
				continue
			}
			c.auth(time.Unix(0, nanos))
			c.answers = append(c.answers, "+OK\r\n"...)
		case bytes.Contains(command, []byte("HELLO")): // right after an AUTH that is behind a PING
			c.answers = append(c.answers, "*2\r\n$5\r\nproto\r\n:2\r\n"...)
		case bytes.Contains(command, []byte("PING")):
			c.answers = append(c.answers, "+PONG\r\n"...)
		}
	}
	c.wake()
	return len(p), nil
}

func (c *conn) Read(p []byte) (int, error) {
	for {
		c.mu.Lock()
		if !c.deadline.IsZero() && !time.Now().Before(c.deadline) {
			c.mu.Unlock()
			return 0, os.ErrDeadlineExceeded
		}
		if len(c.answers) > 0 {
			n := copy(p, c.answers)
			c.answers = c.answers[n:]
			c.mu.Unlock()
			return n, nil
		}
		changed, deadline := c.changed, c.deadline
		c.mu.Unlock()
		if deadline.IsZero() {
			<-changed
			continue
		}
		timer := time.NewTimer(time.Until(deadline))
		select {
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	c.wake()
	return nil
}

func (c *conn) SetDeadline(t time.Time) error    { return c.SetReadDeadline(t) }
func (c *conn) SetWriteDeadline(time.Time) error { return nil }
func (c *conn) Close() error                     { return nil }
func (c *conn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *conn) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 4), Port: 6380} }
