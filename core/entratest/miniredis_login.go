package entratest

import (
	"bytes"
	"strings"

	"github.com/tidwall/redcon"
)

// queued is what MULTI has queued and EXEC will do.
type queued struct {
	users []user // AUTHs, good ones and others
	write bool
}

// auth remembers who is logged in, which miniredis does not.
func (c *miniConn) auth(args []string) []byte {
	b := c.dispatch(args)
	switch {
	case b[0] == '-' || len(args) != 3:
	case c.multi:
		c.queued.users = append(c.queued.users, user{args[1], args[2]})
	default:
		c.miniredis.become(c, user{args[1], args[2]})
	}
	return b
}

// hello adds the form without arguments, which miniredis lacks, and the client's name and id.
func (c *miniConn) hello(args []string) []byte {
	if len(args) == 1 {
		version := "2"
		if c.resp3.Load() {
			version = "3"
		}
		args = append(args, version)
	}
	b := c.dispatch(args)
	if b[0] == '-' {
		return b
	}
	c.resp3.Store(c.peer.Resp3)
	for i := 2; i < len(args); i += 2 {
		switch strings.ToUpper(args[i]) {
		case "AUTH":
			c.miniredis.become(c, user{args[i+1], args[i+2]})
			i++
		case "SETNAME":
			c.peer.ClientName = args[i+1]
		}
	}
	const id = "$2\r\nid\r\n" // miniredis has one for all
	return bytes.Replace(b, []byte(id+":42\r\n"), redcon.AppendInt([]byte(id), c.id), 1)
}

// transactionLocked follows MULTI, to know what EXEC did. It needs Miniredis.running.
func (c *miniConn) transactionLocked(name string, args []string) []byte {
	if name == "EXEC" && c.tracking.remembers() {
		c.outlet.holdAndCache()
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
			c.miniredis.become(c, u)
		}
		if did.write {
			c.miniredis.written()
			c.miniredis.waiting.serve()
		}
	default:
		c.multi, c.queued = false, queued{}
	}
	return b
}
