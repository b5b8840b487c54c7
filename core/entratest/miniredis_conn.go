package entratest

import (
	"bufio"
	"bytes"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/alicebob/miniredis/v2/server"
	"github.com/tidwall/redcon"
)

// A miniConn serves one connection to a [Miniredis]. It asks miniredis for one command at a time, so that it knows
// where a reply begins and ends and what it says. One goroutine reads commands and sees the connection end, one
// executes them; a subscribed connection has one more.
type miniConn struct {
	miniredis *Miniredis
	wire      *conn
	id        int64
	user      string // of the last good AUTH; guarded by Miniredis.mu
	resp3     atomic.Bool
	ended     atomic.Bool   // by the server: what was read but not executed is forgotten
	gone      atomic.Bool   // nothing more can be read from the connection
	left      chan struct{} // closed when that has come true
	outlet    outlet

	// These belong to the executing goroutine; while it waits, what dispatch uses belongs to the holder of
	// Miniredis.running.
	out      *bytes.Buffer // what the peer has replied
	multi    bool
	queued   queued
	tracking tracking
	mute     mute
	channels *subscriptions // nil if it never subscribed since RESET
	peer     *server.Peer
}

func newMiniConn(m *Miniredis, wire *conn) *miniConn {
	c := &miniConn{miniredis: m, wire: wire, outlet: outlet{wire: wire}, id: m.nextID.Add(1), left: make(chan struct{}), out: &bytes.Buffer{}}
	c.renew()
	return c
}

// renew makes a connection that has just begun: not logged in, RESP2, database 0.
func (c *miniConn) renew() {
	c.out.Reset()
	c.multi, c.queued, c.tracking, c.mute = false, queued{}, tracking{}, mute{}
	c.resp3.Store(false)
	c.peer = server.NewPeer(bufio.NewWriter(c.out))
	c.miniredis.become(c, user{})
	c.outlet.forgetCache()
}

// serve executes commands until the client closes the connection or the server does.
func (c *miniConn) serve() {
	// Commands wait here while one blocks; it is how far the reader can look for the connection's end.
	commands := make(chan redcon.Command, 1024)
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(commands)
		c.read(commands)
	})
	for cmd := range commands {
		if c.ended.Load() {
			continue // until the reader has noticed
		}
		if c.execute(cmd) {
			c.end()
		}
	}
	reading.Wait()
	c.miniredis.running.Lock()
	c.leaveAllLocked()
	c.miniredis.running.Unlock()
	c.end()
	c.miniredis.forget(c)
}

// end closes the connection, and reports whether it was open until now.
func (c *miniConn) end() bool {
	c.ended.Store(true)
	return c.wire.Close() == nil
}

func (c *miniConn) read(commands chan<- redcon.Command) {
	r := redcon.NewReader(c.wire)
	for {
		cmd, err := r.ReadCommand()
		if err != nil {
			break
		}
		commands <- cmd
	}
	c.gone.Store(true)
	close(c.left) // a blocked command ends without a reply
}

// isGone reports whether the client is known to read no reply any more.
func (c *miniConn) isGone() bool {
	return c.gone.Load() || c.ended.Load()
}

// execute runs one command, sends its reply, and reports whether the connection shall be closed.
func (c *miniConn) execute(cmd redcon.Command) (quit bool) {
	args := make([]string, len(cmd.Args))
	for i, a := range cmd.Args {
		args[i] = string(a)
	}
	name := strings.ToUpper(args[0])
	muted := c.mute.next()
	b, waiting := c.run(name, args)
	if waiting != nil {
		b = c.wait(waiting)
	}
	c.tracking.past(name, c.multi)
	if c.resp3.Load() && (string(b) == "*-1\r\n" || string(b) == "$-1\r\n") {
		b = []byte("_\r\n") // miniredis forgets that some of its nulls are RESP3's
	}
	if (muted || c.mute.off) && !confirmed(name) {
		b = nil
	}
	c.outlet.reply(b)
	return name == "QUIT"
}

// run runs one command, alone. It returns the reply, or who will get it.
func (c *miniConn) run(name string, args []string) ([]byte, *waiter) {
	c.miniredis.running.Lock()
	defer c.miniredis.running.Unlock()
	if c.channels.count() > 0 && !c.resp3.Load() && !slices.Contains([]string{"QUIT", "RESET"}, name) && !confirmed(name) {
		if name == "PING" {
			return c.pong(args[1:]), nil
		}
		if name == "CLIENT" && len(args) > 1 {
			name += "|" + args[1]
		}
		return redcon.AppendError(nil, "ERR Can't execute '"+strings.ToLower(name)+
			"': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"), nil
	}
	if cmd, blocks, wrong := parseBlocking(name, args); blocks && !c.multi {
		if wrong != "" {
			return redcon.AppendError(nil, wrong), nil
		}
		return c.blockLocked(cmd)
	} else if blocks && wrong == "" && name == "BLMPOP" {
		args = cmd.attempts[0] // in MULTI none waits; miniredis has all others
	}
	return c.answerLocked(name, args), nil
}

// answerLocked runs a command that does not wait. It needs Miniredis.running.
func (c *miniConn) answerLocked(name string, args []string) []byte {
	switch name {
	case "QUIT":
		return redcon.AppendOK(nil)
	case "RESET":
		if len(args) > 1 {
			return redcon.AppendError(nil, "ERR wrong number of arguments for 'reset' command")
		}
		c.leaveAllLocked()
		c.renew()
		return []byte("+RESET\r\n")
	case "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE":
		if c.multi {
			return redcon.AppendError(nil, "ERR entratest: no "+name+" in MULTI")
		}
		return c.subscribeLocked(name, args[1:])
	case "SPUBLISH":
		return c.publishToShardLocked(args)
	case "CLIENT":
		if b, ok := c.clientLocked(args[1:]); ok {
			return b
		}
	case "AUTH":
		return c.auth(args)
	case "HELLO":
		return c.hello(args)
	case "MULTI", "EXEC", "DISCARD":
		return c.transactionLocked(name, args)
	}
	readOnly := c.miniredis.redis.Server().IsReadOnlyCommand(name)
	if readOnly && c.tracking.remembers() {
		c.outlet.holdAndCache()
	}
	b := c.dispatch(args)
	switch {
	case readOnly || b[0] == '-' || onlyItself(name):
	case c.multi:
		c.queued.write = true
	default:
		c.miniredis.written()
		c.miniredis.waiting.serve()
	}
	return b
}

// onlyItself reports whether a command that miniredis does not call read-only still changes no key.
func onlyItself(name string) bool {
	return slices.Contains([]string{"PING", "ECHO", "SELECT", "WATCH", "UNWATCH", "PUBLISH", "CLIENT", "INFO", "COMMAND"}, name)
}

// dispatch has miniredis run a command, and returns the reply.
func (c *miniConn) dispatch(args []string) []byte {
	c.out.Reset()
	c.miniredis.redis.Server().Dispatch(c.peer, args)
	c.peer.Flush()
	if c.out.Len() == 0 {
		return []byte("-ERR entratest: miniredis gave no answer\r\n")
	}
	return bytes.Clone(c.out.Bytes())
}

// publishToShardLocked is SPUBLISH. It needs Miniredis.running.
func (c *miniConn) publishToShardLocked(args []string) []byte {
	if len(args) != 3 {
		return redcon.AppendError(nil, "ERR wrong number of arguments for 'spublish' command")
	}
	if c.multi {
		return redcon.AppendError(nil, "ERR entratest: no SPUBLISH in MULTI")
	}
	return redcon.AppendInt(nil, int64(c.miniredis.shards.publish(args[1], args[2])))
}
