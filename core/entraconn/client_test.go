package entraconn_test

import (
	"bufio"
	"net"
	"strings"
	"testing"
)

// A client is a Redis client that sends words and reads lines.
type client struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func (c *client) send(command string) error {
	_, err := c.Write(encode(strings.Fields(command)...))
	return err
}

func (c *client) line() (string, error) {
	l, err := c.r.ReadString('\n')
	return strings.TrimSuffix(l, "\r\n"), err
}

// do sends a command whose reply is one line.
func (c *client) do(command, want string) {
	c.t.Helper()
	if err := c.send(command); err != nil {
		c.t.Fatalf("%s: %v", command, err)
	}
	if got, err := c.line(); err != nil || got != want {
		c.t.Fatalf("%s: %q, %v; want %q", command, got, err, want)
	}
}

// later reads lines while the test goes on, as a client library does that waits for an answer.
func (c *client) later(lines ...string) (wait func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.expect(lines...)
	}()
	return func() { <-done }
}

// expect reads lines, from any goroutine.
func (c *client) expect(lines ...string) {
	for _, want := range lines {
		if got, err := c.line(); got != want || err != nil {
			c.t.Errorf("%q, %v; want %q", got, err, want)
			return
		}
	}
}

// reply reads lines.
func (c *client) reply(lines ...string) {
	c.t.Helper()
	for _, want := range lines {
		if got, err := c.line(); got != want || err != nil {
			c.t.Fatalf("%q, %v; want %q", got, err, want)
		}
	}
}

// subscribes sends SUBSCRIBE and reads its confirmation as RESP2 has it.
func (c *client) subscribes(channel string) {
	c.t.Helper()
	c.do("SUBSCRIBE "+channel, "*3")
	c.readLines(5)
}

// hears publishes a message through another client and reads it.
func (c *client) hears(from *client, channel string) {
	c.t.Helper()
	from.do("PUBLISH "+channel+" hello", ":1")
	if l, err := c.line(); err != nil || l != "*3" {
		c.t.Fatalf("%q, %v", l, err)
	}
	c.readLines(6)
}

func (c *client) readLines(n int) {
	c.t.Helper()
	for range n {
		if _, err := c.line(); err != nil {
			c.t.Fatal(err)
		}
	}
}

func encode(words ...string) []byte {
	var b strings.Builder
	b.WriteString("*" + itoa(len(words)) + "\r\n")
	for _, w := range words {
		b.WriteString("$" + itoa(len(w)) + "\r\n" + w + "\r\n")
	}
	return []byte(b.String())
}
