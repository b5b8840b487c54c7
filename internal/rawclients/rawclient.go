package rawclients

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"
)

// A rawClient is one connection of a play.
type rawClient struct {
	conn     net.Conn
	number   int64 // the server's
	monitors bool  // lines of MONITOR are left out of what it reads

	mu    sync.Mutex
	bytes []byte
	ended bool
}

// logIn logs a plain connection in, as a client with a password does.
func (c *rawClient) logIn() error {
	_ = c.conn.SetDeadline(time.Now().Add(patience))
	if _, err := c.conn.Write(Command{Args: []string{"AUTH", User, "any"}}.wire(nil)); err != nil {
		return fmt.Errorf("rawclients: %w", err)
	}
	answer := make([]byte, len("+OK\r\n"))
	if _, err := io.ReadFull(c.conn, answer); err != nil || string(answer) != "+OK\r\n" {
		return fmt.Errorf("rawclients: AUTH was answered %q, %w", answer, err)
	}
	return c.conn.SetDeadline(time.Time{})
}

// monitorLine is what MONITOR says of a command, the last one perhaps not whole.
var monitorLine = regexp.MustCompile(`\+[0-9]+\.[0-9]+ \[[^\]\r]*\][^\r]*(\r\n|\r?$)`)

// received returns what the client has read so far, and whether the connection has ended.
func (c *rawClient) received() (all []byte, ended bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.monitors {
		return monitorLine.ReplaceAllLiteral(c.bytes, nil), c.ended
	}
	return c.bytes[:len(c.bytes):len(c.bytes)], c.ended // what was read does not change
}

// take adds what one Read has returned, and reports whether the connection goes on.
func (c *rawClient) take(p []byte, err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bytes = append(c.bytes, p...)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		c.ended = true
	}
	return !c.ended
}

// drain reads what is there already, and returns how many bytes that is. The deadline is as short as
// one can be that still lets a Read return what is waiting.
func (c *rawClient) drain(buf []byte) (all int) {
	for {
		if _, ended := c.received(); ended {
			return all
		}
		_ = c.conn.SetReadDeadline(time.Now().Add(50 * time.Microsecond))
		n, err := c.conn.Read(buf)
		goesOn := c.take(buf[:n], err)
		if all += n; err != nil || !goesOn {
			return all
		}
	}
}

// readOn reads until the connection ends: it is in a Read all the time, or looks every millisecond.
func (c *rawClient) readOn(polls bool, size int) {
	buf := make([]byte, size)
	for {
		if polls {
			_ = c.conn.SetReadDeadline(time.Now().Add(time.Millisecond))
		}
		n, err := c.conn.Read(buf)
		if !c.take(buf[:n], err) {
			return
		}
		if err != nil { // a deadline
			<-time.After(time.Millisecond)
		}
	}
}

// A clientState is what the server says of a connection that two equal ones have in common.
type clientState struct {
	number  int64
	visible string // fields of CLIENT LIST that the commands of the client have set
	pending string // further ones, which change while the server works for it
	blocked bool
}

// parseClientList returns the connections in a reply to CLIENT LIST by their addresses.
func parseClientList(list string) map[string]clientState {
	all := map[string]clientState{}
	for line := range strings.Lines(list) {
		state, addr := clientState{}, ""
		for _, field := range strings.Fields(line) {
			key, value, _ := strings.Cut(field, "=")
			switch key {
			case "id":
				for _, digit := range value {
					state.number = 10*state.number + int64(digit-'0')
				}
			case "addr":
				addr = value
			case "flags":
				state.blocked = strings.Contains(value, "b")
				state.visible += " " + field
			case "db", "sub", "psub", "ssub", "multi", "name":
				state.visible += " " + field
			case "qbuf", "obl", "oll", "omem", "cmd":
				state.pending += " " + field
			}
		}
		all[addr] = state
	}
	return all
}
