package adaptertest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"regexp"
	"strings"
	"sync"
)

// maintenance catches a library that takes what a server announces of its maintenance for an answer, or that loses the
// announcement beside the answer to its AUTH. After MOVING go-redis dials again and exchanges the connection below its own.
func maintenance(e *env) {
	const conns = 4
	server := &maintainedServer{}
	e.through(server.accept)
	client := e.open("maintained", conns+1)
	e.warm(client, conns)
	box, sub := e.subscribe(client, Channel, "channel")
	work := func(tokens int) {
		e.t.Helper()
		e.during(func() { e.awaitTokens(tokens) }, conns, e.interval(1000), func(worker, iteration int) error {
			want := fmt.Sprint(worker, ".", iteration)
			got, err := client.Do(e.ctx, "ECHO", want)
			if err == nil && got != want {
				err = fmt.Errorf("ECHO: %q, want %q", got, want)
			}
			return err
		})
	}
	all := func(what string, told int) {
		e.t.Helper()
		if told < conns {
			e.t.Fatalf("%d connections are told of %s, want %d: the others have not asked for it", told, what, conns)
		}
		work(2) // each connection is renewed after that
		e.eventually(what+" has come", func(context.Context) error {
			if n := server.unread(); n > 0 {
				return fmt.Errorf("not on %d of %d connections", n, told)
			}
			return nil
		})
	}
	for seq, what := range []string{"MIGRATING", "MIGRATED", "FAILING_OVER", "FAILED_OVER"} {
		push := fmt.Sprintf(">3\r\n+%s\r\n:%d\r\n:15\r\n", what, seq+1)
		server.announce(push, beforeReply)
		all(what, server.announce(push, beforeAnswerToAuth))
	}
	sent := e.publish(client, "PUBLISH", "channel", sub, func() { e.awaitTokens(1) })
	box.complete(e, sent)
	e.unnoticed()
	e.stop(sub)

	before := e.gateway.Stats().Accepted
	moving := server.announce(fmt.Sprintf(">4\r\n+MOVING\r\n:9\r\n:15\r\n+%s\r\n", e.cfg.Addr), beforeAnswerToAuth)
	all("MOVING", moving)
	e.eventually("every connection that was told to move has moved", func(context.Context) error {
		e.ping(client, conns) // a connection that lies idle reads nothing
		if n := server.unmoved(); n > 0 {
			return fmt.Errorf("%d of %d have not", n, moving)
		}
		return nil
	})
	moved := e.gateway.Stats().Accepted
	if moved-before < conns {
		e.t.Errorf("%d connections were dialed for %d that were to move", moved-before, moving)
	}
	work(2)
	e.ping(client, conns)
	if n := e.gateway.Stats().Accepted - moved; n > 0 {
		e.t.Errorf("%d connections were dialed after all had moved", n)
	}
	if n := e.gateway.Stats().Expired; n > 0 {
		e.t.Errorf("the server closed %d connections whose token had expired", n)
	}
	e.eachTokenOnce()
	e.upToDate()
}

// A maintainedServer stands before a server that knows nothing of maintenance, and announces it to the connections that
// ask for that.
type maintainedServer struct {
	mu    sync.Mutex
	conns []*maintainedConn
}

func (s *maintainedServer) accept(conn net.Conn) net.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &maintainedConn{Conn: conn}
	s.conns = append(s.conns, c)
	return c
}

// An announcement says when a connection is told.
type announcement int

const (
	beforeReply        announcement = iota // before the next one, whose ever it is
	beforeAnswerToAuth                     // before the next reply after an AUTH was written
)

// announce sends a push to all connections that have asked for it, and returns how many they are.
func (s *maintainedServer) announce(push string, when announcement) (n int) {
	return s.count(func(c *maintainedConn) bool { return c.announce(push, when) })
}

// unread returns how many connections are open to which something is still to be announced.
func (s *maintainedServer) unread() int {
	return s.count((*maintainedConn).hasUnread)
}

// unmoved returns how many connections are open that were told to move.
func (s *maintainedServer) unmoved() int {
	return s.count((*maintainedConn).isMoving)
}

// count returns of how many connections does reports true.
func (s *maintainedServer) count(does func(*maintainedConn) bool) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		if does(c) {
			n++
		}
	}
	return n
}

// A maintainedConn puts announcements before replies, and never into one.
type maintainedConn struct {
	net.Conn

	mu     sync.Mutex
	asked  bool
	closed bool
	moving bool
	authed bool      // an AUTH was written, and nothing was read since then
	pushes [2][]byte // still to be read, by announcement
	early  []byte    // read from the server, and still to be read after pushes
	frames frames
}

// asksForMaintenance is what go-redis sends once on each connection, in a write of its own.
var asksForMaintenance = regexp.MustCompile(
	`\*5\r\n\$6\r\nclient\r\n\$19\r\nmaint_notifications\r\n\$2\r\non\r\n\$20\r\nmoving-endpoint-type\r\n\$\d+\r\n[^\r]*\r\n`)

// Write writes a command that every server answers with OK, in the place of the one that asks for maintenance.
func (c *maintainedConn) Write(p []byte) (int, error) {
	known := asksForMaintenance.ReplaceAllLiteral(p, encode([]string{"CLIENT", "REPLY", "ON"}))
	c.mu.Lock()
	c.asked = c.asked || len(known) != len(p)
	c.authed = c.authed || bytes.Contains(p, []byte("$4\r\nAUTH\r\n"))
	c.mu.Unlock()
	if _, err := c.Conn.Write(known); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (c *maintainedConn) Read(p []byte) (int, error) {
	if n := c.readEarly(p); n > 0 {
		return n, nil
	}
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if n > 0 && c.frames.atBoundary() {
		c.early, c.pushes[beforeReply] = c.pushes[beforeReply], nil
		if c.authed {
			c.early = append(c.early, c.pushes[beforeAnswerToAuth]...)
			c.pushes[beforeAnswerToAuth] = nil
		}
	}
	c.frames.take(p[:n])
	c.authed = c.authed && n == 0
	if len(c.early) > 0 {
		c.early = append(c.early, p[:n]...)
		n = copy(p, c.early)
		c.early = c.early[n:]
	}
	return n, err
}

func (c *maintainedConn) readEarly(p []byte) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n = copy(p, c.early)
	c.early = c.early[n:]
	return n
}

func (c *maintainedConn) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	return c.Conn.Close()
}

// announce reports whether the connection is told.
func (c *maintainedConn) announce(push string, when announcement) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.asked || c.closed {
		return false
	}
	c.pushes[when] = append(c.pushes[when], push...)
	c.moving = c.moving || strings.Contains(push, "MOVING")
	return true
}

func (c *maintainedConn) hasUnread() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.closed && len(c.pushes[beforeReply])+len(c.pushes[beforeAnswerToAuth])+len(c.early) > 0
}

func (c *maintainedConn) isMoving() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.closed && c.moving
}
