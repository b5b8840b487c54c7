package entratest_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// A raw is a connection that speaks RESP by hand.
type raw struct {
	net.Conn
	r *bufio.Reader
}

func dialRaw(t *testing.T, s *site) *raw {
	t.Helper()
	c, err := s.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(3 * time.Hour)); err != nil { // a test that hangs would say less
		t.Fatal(err)
	}
	return &raw{Conn: c, r: bufio.NewReader(c)}
}

// login dials and authenticates with a new token.
func login(t *testing.T, s *site) *raw {
	t.Helper()
	c := dialRaw(t, s)
	c.exchange(t, cmd("AUTH", entratest.ObjectID, s.token(t)), "+OK\r\n")
	return c
}

func (c *raw) send(t *testing.T, b string) {
	t.Helper()
	if _, err := c.Write([]byte(b)); err != nil {
		t.Fatal(err)
	}
}

// expect reads exactly these bytes.
func (c *raw) expect(t *testing.T, want string) {
	t.Helper()
	got := make([]byte, 0, len(want))
	for len(got) < len(want) {
		b, err := c.r.ReadByte()
		if err != nil {
			t.Fatalf("read %q, then %v; want %q", got, err, want)
		}
		got = append(got, b)
		if b != want[len(got)-1] {
			rest, _ := c.r.Peek(c.r.Buffered())
			t.Fatalf("read %q; want %q", append(got, rest...), want)
		}
	}
}

func (c *raw) exchange(t *testing.T, send, want string) {
	t.Helper()
	c.send(t, send)
	c.expect(t, want)
}

// expectLine reads one line that begins as given, and returns it.
func (c *raw) expectLine(t *testing.T, prefix string) string {
	t.Helper()
	line, err := c.r.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, prefix) {
		t.Fatalf("read %q, %v; want %q", line, err, prefix)
	}
	return line
}

// expectEnd reads until the connection ends, and fails if anything but an error comes.
func (c *raw) expectEnd(t *testing.T) error {
	t.Helper()
	b, err := c.r.ReadByte()
	if err == nil {
		rest, _ := c.r.Peek(c.r.Buffered())
		t.Fatalf("read %q; want the end", append([]byte{b}, rest...))
	}
	return err
}

// try sends commands and reads as many lines, none of which may be an error.
func (c *raw) try(commands string, lines int) bool {
	if _, err := c.Write([]byte(commands)); err != nil {
		return false
	}
	for range lines {
		line, err := c.r.ReadString('\n')
		if err != nil || line[0] == '-' {
			return false
		}
	}
	return true
}

func (c *raw) take(n int) (string, error) {
	b := make([]byte, n)
	if err := c.SetDeadline(time.Now().Add(5 * time.Minute)); err != nil {
		return "", err
	}
	n, err := io.ReadFull(c.r, b)
	return string(b[:n]), err
}

// hasReply reports whether a part of a reply is there.
func (c *raw) hasReply() bool {
	_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := c.r.Peek(1)
	_ = c.SetReadDeadline(time.Time{})
	return err == nil
}

// reply reads one reply.
func (c *raw) reply(t *testing.T) string {
	t.Helper()
	line, err := c.r.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	switch line[0] {
	case '$', '=':
		if _, err := fmt.Sscan(line[1:], &n); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, n+2)
		if _, err := io.ReadFull(c.r, b); err != nil {
			t.Fatal(err)
		}
		return line + string(b)
	case '*', '%':
		if _, err := fmt.Sscan(line[1:], &n); err != nil {
			t.Fatal(err)
		}
		if line[0] == '%' {
			n *= 2
		}
		for range n {
			line += c.reply(t)
		}
	}
	return line
}
