package differential

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
)

// A turn of an exchange: what other connections do first, what the client sends in one write, and how many values it
// reads then.
type turn struct {
	before string // commands of another connection; {id} is the server's number of the client's
	send   string
	values int
}

// subscribersInRESP2 are the exchanges in which a subscriber speaks RESP2 on the wire too, where it ends with its token.
var subscribersInRESP2 = []string{"commands that are refused to a subscriber", "a subscriber that tracks"}

// exchanges are those in which something is refused, discarded or pushed, or goes back to what it was. Commands are
// separated by ", ".
var exchanges = map[string][]turn{
	"RESET refused in a transaction": {
		{send: "MULTI, RESET x, GET k, EXEC, GET k", values: 5},
	},
	"RESET refused in a subscription": {
		{send: "SUBSCRIBE a", values: 1}, {send: "RESET x", values: 1}, {before: "PUBLISH a 1", values: 1},
		{send: "UNSUBSCRIBE, GET k", values: 2}, {send: "GET k", values: 1},
	},
	"RESET in a subscription": {
		{send: "SUBSCRIBE a", values: 1}, {send: "RESET, PING", values: 2}, {send: "SUBSCRIBE a", values: 1}, {before: "PUBLISH a 1", values: 1},
	},
	"RESET in a transaction": {
		{send: "MULTI, GET k, RESET, GET k", values: 4}, {send: "MULTI, EXEC", values: 2},
	},
	"login in a transaction that is discarded": {
		{send: "MULTI, AUTH stranger x, HELLO 3 AUTH stranger x, DISCARD, GET k", values: 5}, {send: "GET k", values: 1},
	},
	"login in a transaction that is aborted": {
		{send: "WATCH w", values: 1}, {before: "INCR w", send: "MULTI, AUTH stranger x, EXEC, GET k", values: 4},
		{send: "MULTI, AUTH stranger x, NOSUCH, EXEC, GET k", values: 5},
	},
	"commands that are refused to a subscriber": {
		{send: "SUBSCRIBE a, GET k, PING hi", values: 3}, {before: "PUBLISH a 1", values: 1}, {send: "GET k, PSUBSCRIBE a*", values: 2},
		{before: "PUBLISH a 2", values: 2}, {send: "UNSUBSCRIBE, PING, PUNSUBSCRIBE, GET k", values: 4}, {send: "SUBSCRIBE b", values: 1},
		{before: "PUBLISH b 3", values: 1}, {send: "UNSUBSCRIBE, LRANGE l 0 -1", values: 2},
	},
	"a subscriber that tracks": {
		{send: "CLIENT TRACKING ON, GET k, SUBSCRIBE a", values: 3}, {before: "SET k 2, PUBLISH a 1, SET k 1", values: 1},
		{send: "UNSUBSCRIBE, GET k", values: 2},
	},
	"a subscriber that others have redirected to": {
		{send: "SUBSCRIBE __redis__:invalidate", values: 1},
		{before: "CLIENT TRACKING ON REDIRECT {id} BCAST, SET k 2, SET k 1", values: 2},
		{before: "FLUSHDB, SET k 1, RPUSH l message a no, CLIENT TRACKING OFF", values: 3},
		{send: "UNSUBSCRIBE", values: 1},
	},
	"SCRIPT DEBUG first":             {{send: "SCRIPT DEBUG NO", values: 1}},
	"SCRIPT DEBUG behind a command":  {{send: "PING, SCRIPT DEBUG NO", values: 2}},
	"PSYNC first, in a subscription": {{send: "SUBSCRIBE a", values: 1}, {send: "PSYNC ? -1", values: 1}},
	"PSYNC with too few arguments":   {{send: "PSYNC x", values: 1}, {send: "GET k", values: 1}},
}

// A talker is the client of an exchange, in RESP2.
type talker struct {
	conn net.Conn
	r    *bufio.Reader
}

// value reads one value, and returns it as it came.
func (c talker) value() (all string, err error) {
	line, err := c.r.ReadString('\n')
	if err != nil {
		return line, err
	}
	n, _ := strconv.Atoi(strings.TrimSpace(line[1:]))
	switch line[0] {
	case '$':
		if n < 0 {
			break
		}
		text := make([]byte, n+2)
		_, err = io.ReadFull(c.r, text)
		return line + string(text), err
	case '*':
		for range n {
			element, err := c.value()
			if line += element; err != nil {
				return line, err
			}
		}
	}
	return line, nil
}

// turn takes part in an exchange, and returns what the client has read.
func (c talker) turn(t *testing.T, site *site, tr turn) (all []string) {
	for _, command := range strings.Split(tr.before, ", ") {
		if words := strings.Fields(command); len(words) > 0 {
			site.do(t, words[0], anys(words[1:])...)
		}
	}
	if tr.send != "" {
		var p []byte
		for _, command := range strings.Split(tr.send, ", ") {
			p = append(p, encoded(strings.Fields(command)...)...)
		}
		if _, err := c.conn.Write(p); err != nil {
			return []string{err.Error()}
		}
	}
	for range tr.values {
		v, err := c.value()
		if all = append(all, v); err != nil {
			return append(all, err.Error())
		}
	}
	return all
}

func encoded(words ...string) []byte {
	b := fmt.Appendf(nil, "*%d\r\n", len(words))
	for _, w := range words {
		b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(w), w)
	}
	return b
}

// number returns the server's number of a connection, which no command of ours has asked for: its client's own would
// change what is tested.
func (s *site) number(t *testing.T, c net.Conn) string {
	t.Helper()
	for _, line := range strings.Split(s.do(t, "CLIENT", "LIST"), "\n") {
		if _, rest, ok := strings.Cut(line, "id="); ok && strings.Contains(rest, " addr="+c.LocalAddr().String()+" ") {
			id, _, _ := strings.Cut(rest, " ")
			return id
		}
	}
	t.Fatalf("CLIENT LIST does not show %v", c.LocalAddr())
	return ""
}

// exchange plays an exchange and returns what the client has read. between is called after each turn.
func (s *site) exchange(t *testing.T, conn net.Conn, turns []turn, between func()) (read []string) {
	t.Helper()
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(hung)); err != nil {
		t.Fatal(err)
	}
	s.do(t, "FLUSHALL")
	s.do(t, "SET", "k", "1")
	s.do(t, "RPUSH", "l", "message", "a", "no")
	c := talker{conn, bufio.NewReader(conn)}
	for i, tr := range turns {
		if strings.Contains(tr.before, "{id}") {
			tr.before = strings.ReplaceAll(tr.before, "{id}", s.number(t, conn))
		}
		for _, v := range c.turn(t, s, tr) {
			read = append(read, fmt.Sprintf("%d %q", i, v))
		}
		between()
	}
	return read
}

// This catches a connection that reads something else than a plain one, or ends, where a server refuses, discards or
// pushes something.
func TestOddExchangesAreThoseOfAPlainConnection(t *testing.T) {
	site := newSite(t)
	renewed, calm := (&rapid{life: 8 * time.Millisecond}).source(t), oneToken(t)
	for name, turns := range exchanges {
		t.Run(name, func(t *testing.T) {
			src, between := renewed, func() { awaitTokens(renewed, 2) }
			if slices.Contains(subscribersInRESP2, name) {
				src, between = calm, func() {}
			}
			plain, err := plainDial(t.Context(), "tcp", site.addr)
			if err != nil {
				t.Fatal(err)
			}
			want := site.exchange(t, site.loggedIn(t, plain), turns, func() {})
			for _, separate := range []bool{false, true} {
				for range 10 {
					conn, err := entraconn.NewDialer(src, &entraconn.Options{SeparateLogin: separate}).DialFunc(plainDial)(t.Context(), "tcp", site.addr)
					if err != nil {
						t.Fatal(err)
					}
					got := site.exchange(t, conn, turns, between)
					if diff := cmp.Diff(want, got); diff != "" {
						t.Fatalf("separate login %v: replies differ (-plain +ours):\n%s", separate, diff)
					}
				}
			}
		})
	}
}

// oneToken returns a Source whose token outlasts the test.
func oneToken(t *testing.T) *entra.Source {
	t.Helper()
	credential := &rapid{life: time.Hour}
	credential.issued.Store(1) // the next one has that life
	src, err := entra.NewSource(credential, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.Close() })
	return src
}

// awaitTokens waits for so many newer tokens.
func awaitTokens(src *entra.Source, n int) {
	for range n {
		_, newer := src.Latest()
		<-newer
	}
}

// loggedIn logs a plain connection in.
func (s *site) loggedIn(t *testing.T, conn net.Conn) net.Conn {
	t.Helper()
	answer := make([]byte, len("+OK\r\n"))
	if _, err := conn.Write(encoded("AUTH", user, "x")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "+OK\r\n" {
		t.Fatalf("%q, %v", answer, err)
	}
	return conn
}
