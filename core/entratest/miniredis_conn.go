package entratest

import (
	"bufio"
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2/server"
	"github.com/tidwall/redcon"
)

// queued is what MULTI has queued and EXEC will do.
type queued struct {
	users []user // AUTHs, good ones and others
	write bool
}

// A miniConn serves one connection to a [Miniredis]. It asks miniredis for one command at a time, so that it knows
// where a reply begins and ends and what it says. One goroutine reads commands and sees the connection end, one
// executes them; a subscribed connection has one more.
type miniConn struct {
	miniredis *Miniredis
	wire      *conn
	as        identity
	id        int64  // counted for each proxy
	user      string // of the last good AUTH; guarded by Miniredis.mu
	protocol  protocol
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

func newMiniConn(m *Miniredis, wire *conn, as identity) *miniConn {
	c := &miniConn{miniredis: m, wire: wire, as: as, outlet: outlet{wire: wire}, left: make(chan struct{}), out: &bytes.Buffer{}}
	c.renew()
	return c
}

// renew makes a connection that has just begun: not logged in, RESP2, database 0.
func (c *miniConn) renew() {
	c.out.Reset()
	c.multi, c.queued, c.tracking, c.mute = false, queued{}, tracking{}, mute{}
	c.protocol.resp3.Store(false)
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
	if c.protocol.resp3.Load() && (string(b) == "*-1\r\n" || string(b) == "$-1\r\n") {
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
	c.miniredis.expireLocked()
	if c.channels.count() > 0 && !c.protocol.resp3.Load() && !slices.Contains([]string{"QUIT", "RESET"}, name) && !confirmed(name) {
		if name == "PING" {
			return pong(args[1:]), nil
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
	case "EVAL":
		// A gateway that refuses thousands of logins would spend its time on making interpreters.
		if len(args) == 4 && args[1] == refusalScript && !c.multi {
			return redcon.AppendError(nil, args[3])
		}
	case "XINFO":
		if len(args) == 3 && strings.EqualFold(args[1], "STREAM") && !c.multi {
			return streamInfo{c, args[2]}.answer()
		}
	case "CLUSTER":
		// miniredis answers as a cluster of one node, at an address that it does not listen at. A client that asks
		// whether there is a cluster would go there.
		if !c.multi {
			return redcon.AppendError(nil, "ERR This instance has cluster support disabled")
		}
	case "AUTH":
		return c.auth(args)
	case "HELLO":
		return c.hello(args)
	case "MULTI", "EXEC", "DISCARD":
		return c.transactionLocked(name, args)
	}
	readOnly := isReadOnly(name)
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

// onlyItself reports whether a command that is not read-only still changes no key.
func onlyItself(name string) bool {
	return slices.Contains([]string{"PING", "ECHO", "SELECT", "WATCH", "UNWATCH", "PUBLISH", "CLIENT", "INFO", "COMMAND"}, name)
}

// leaveAllLocked ends all subscriptions. It needs Miniredis.running.
func (c *miniConn) leaveAllLocked() {
	if s := c.channels; s != nil {
		c.channels = nil
		s.leaveAllLocked()
	}
}

// subscribeLocked runs the six commands that subscribe and unsubscribe. It needs Miniredis.running.
func (c *miniConn) subscribeLocked(command string, names []string) []byte {
	command = strings.ToLower(command)
	c.outlet.hold()
	if !strings.HasSuffix(command, "unsubscribe") && len(names) == 0 {
		return redcon.AppendError(nil, "ERR wrong number of arguments for '"+command+"' command")
	}
	if c.channels == nil {
		c.channels = newSubscriptions(c)
	}
	return c.channels.changeLocked(command, names)
}

// clientLocked answers the subcommands of CLIENT that miniredis lacks and clients use. It reports false for the others.
// It needs Miniredis.running.
func (c *miniConn) clientLocked(args []string) ([]byte, bool) {
	if len(args) == 0 || c.multi {
		return nil, false
	}
	ok := redcon.AppendOK(nil)
	wrong := redcon.AppendError(nil, "ERR syntax error")
	switch sub, args := strings.ToUpper(args[0]), args[1:]; sub {
	case "ID":
		return redcon.AppendInt(nil, c.id), true
	case "INFO":
		return redcon.AppendBulkString(nil, c.info()), true
	case "SETINFO", "NO-EVICT", "NO-TOUCH":
		if len(args) == 0 {
			return wrong, true
		}
		return ok, true
	case "REPLY":
		if len(args) != 1 {
			return wrong, true
		}
		switch replies, known := c.mute.set(args[0]); {
		case !known:
			return wrong, true
		case !replies:
			return nil, true
		}
		return ok, true
	case "TRACKING":
		if len(args) == 0 {
			return wrong, true
		}
		if err := c.tracking.set(args, c.protocol.resp3.Load()); err != "" {
			return redcon.AppendError(nil, err), true
		}
		if !c.tracking.on {
			c.outlet.forgetCache()
		}
		return ok, true
	case "CACHING":
		if len(args) != 1 {
			return wrong, true
		}
		if err := c.tracking.ask(strings.ToUpper(args[0])); err != "" {
			return redcon.AppendError(nil, err), true
		}
		return ok, true
	case "UNBLOCK":
		return c.miniredis.waiting.unblock(c.as.proxy, args), true
	}
	return nil, false
}

func (c *miniConn) info() string {
	c.miniredis.mu.Lock()
	name := c.user
	c.miniredis.mu.Unlock()
	resp := 2
	if c.protocol.resp3.Load() {
		resp = 3
	}
	return fmt.Sprintf("id=%d addr=%s name=%s user=%s resp=%d\n", c.id, c.wire.RemoteAddr(), c.peer.ClientName, name, resp)
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

// hello adds the form without arguments, which miniredis lacks, and the client's name. The answer is a redis-server's.
func (c *miniConn) hello(args []string) []byte {
	if len(args) == 1 {
		version := "2"
		if c.protocol.resp3.Load() {
			version = "3"
		}
		args = append(args, version)
	}
	b := c.dispatch(args)
	if b[0] == '-' {
		return b
	}
	c.protocol.resp3.Store(c.peer.Resp3)
	for i := 2; i < len(args); i += 2 {
		switch strings.ToUpper(args[i]) {
		case "AUTH":
			c.miniredis.become(c, user{args[i+1], args[i+2]})
			i++
		case "SETNAME":
			c.peer.ClientName = args[i+1]
		}
	}
	return c.greeting()
}

// greeting is what HELLO tells: miniredis has one number for all connections, and a version of its own.
func (c *miniConn) greeting() []byte {
	version, protocol := c.as.version, int64(2)
	if version == "" {
		version = Redis7().Version
	}
	b := redcon.AppendArray(nil, 14)
	if c.protocol.resp3.Load() {
		b, protocol = []byte("%7\r\n"), 3
	}
	appendWord := redcon.AppendBulkString
	if c.as.simpleStrings {
		appendWord = redcon.AppendString
	}
	b = appendWord(appendWord(b, "server"), "redis")
	b = appendWord(appendWord(b, "version"), version)
	b = redcon.AppendInt(appendWord(b, "proto"), protocol)
	b = redcon.AppendInt(appendWord(b, "id"), c.id)
	b = appendWord(appendWord(b, "mode"), "standalone")
	b = appendWord(appendWord(b, "role"), "master")
	return redcon.AppendArray(appendWord(b, "modules"), 0)
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

// blockLocked runs a blocking command: it returns the reply, or who will get it. It needs Miniredis.running.
func (c *miniConn) blockLocked(cmd blockingCommand) ([]byte, *waiter) {
	c.pin(cmd)
	w := &waiter{conn: c, cmd: cmd, answer: make(chan []byte, 1)}
	if b := w.try(); b != nil {
		c.miniredis.written()
		c.miniredis.waiting.serve()
		return b, nil
	}
	if !cmd.waits() {
		return c.protocol.nullArray(), nil
	}
	c.miniredis.waiting = append(c.miniredis.waiting, w)
	return nil, w
}

// wait blocks until the command has an answer, its time is over, or the connection has ended: then the answer is
// empty. The caller holds nothing.
func (c *miniConn) wait(w *waiter) []byte {
	var over <-chan time.Time
	if w.cmd.timeout > 0 {
		timer := time.NewTimer(w.cmd.timeout)
		defer timer.Stop()
		over = timer.C
	}
	var b []byte
	select {
	case b := <-w.answer:
		return b
	case <-over:
		b = c.protocol.nullArray()
	case <-c.left:
	}
	c.miniredis.running.Lock()
	defer c.miniredis.running.Unlock()
	if !c.miniredis.waiting.take(w) {
		return <-w.answer // it came in the same moment
	}
	return b
}

// pin replaces the ID $ of XREAD, which means the last entry when the command came.
func (c *miniConn) pin(cmd blockingCommand) {
	attempt := cmd.attempts[0]
	at := slices.IndexFunc(attempt, func(arg string) bool { return strings.EqualFold(arg, "STREAMS") })
	if !strings.EqualFold(attempt[0], "XREAD") || at < 0 {
		return
	}
	streams := attempt[at+1:]
	for i, id := range streams[len(streams)/2:] {
		if id != "$" || len(streams)%2 != 0 {
			continue
		}
		streams[len(streams)/2+i] = streamInfo{c, streams[i]}.lastID()
	}
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
