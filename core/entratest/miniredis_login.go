package entratest

import (
	"bufio"
	"bytes"
	"strings"

	"github.com/alicebob/miniredis/v2/server"
)

// queued is what MULTI has queued and EXEC will do.
type queued struct {
	users []string // AUTHs
	write bool
}

// auth remembers who is logged in, which miniredis does not.
func (c *miniConn) auth(args []string) []byte {
	b := c.dispatch(args)
	switch {
	case b[0] == '-' || len(args) != 3:
	case c.multi:
		c.queued.users = append(c.queued.users, strings.Join(args[1:], " "))
	default:
		c.user.Store(&args[1])
	}
	return b
}

// hello adds the form without arguments, which miniredis lacks, and the client's name.
func (c *miniConn) hello(args []string) []byte {
	if len(args) == 1 {
		args = append(args, map[bool]string{false: "2", true: "3"}[c.resp3.Load()])
	}
	b := c.dispatch(args)
	if b[0] == '-' {
		return b
	}
	c.resp3.Store(c.peer.Resp3)
	for i := 2; i < len(args); i += 2 {
		switch strings.ToUpper(args[i]) {
		case "AUTH":
			c.user.Store(&args[i+1])
			i++
		case "SETNAME":
			c.peer.ClientName = args[i+1]
		}
	}
	return b
}

// transaction follows MULTI, to know what EXEC did.
func (c *miniConn) transaction(name string, args []string) []byte {
	if c.tracking && name == "EXEC" {
		c.hold()
		c.caching.Store(true)
	}
	b := c.dispatch(args)
	switch {
	case name == "MULTI":
		c.multi = c.multi || b[0] == '+'
	case b[0] == '-' && !strings.HasPrefix(string(b), "-EXECABORT"): // DISCARD x, EXEC x
	case name == "EXEC" && b[0] == '*' && string(b) != "*-1\r\n":
		did := c.queued
		c.multi, c.queued = false, queued{}
		for _, u := range did.users {
			c.loginQueued(u)
		}
		if did.write {
			c.miniredis.written()
		}
	default:
		c.multi, c.queued = false, queued{}
	}
	return b
}

// loginQueued does what a queued AUTH did: miniredis itself was asked when EXEC ran, so ask it once more whether
// that was good, on a connection of its own.
func (c *miniConn) loginQueued(credentials string) {
	name, password, _ := strings.Cut(credentials, " ")
	var answer bytes.Buffer
	w := bufio.NewWriter(&answer)
	c.miniredis.redis.Server().Dispatch(server.NewPeer(w), []string{"AUTH", name, password})
	_ = w.Flush() // a bytes.Buffer takes everything
	if answer.String() == "+OK\r\n" {
		c.user.Store(&name)
	}
}
