package entraconn

import (
	"os"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// Bytes that the host has written and that were not sent yet. A write takes them along, or, where they wait for an
// answer of the server's, a goroutine that lives for that write only: the one that reads must not wait for a peer that
// takes nothing, and the host may write no more.

// heldLimit is where back-pressure begins: a write is taken as a whole while less than this is held.
const heldLimit = 1 << 20

// A backlog is what is held back, and who waits because of it.
type backlog struct {
	held []byte        // guarded by Conn.wmu
	room chan struct{} // closed when a write that waits for room should look again, nil if none does; guarded by Conn.mu
	// composed is a buffer in which to compose the next blocking command, because such calls come in loops; guarded by
	// Conn.wmu.
	composed []byte
}

// held returns what is held back. c.wmu is held.
func (c *Conn) held() []byte {
	if c.backlog == nil {
		return nil
	}
	return c.backlog.held
}

// hold holds a copy of p back, instead of what was held until now. c.wmu and c.mu are held.
func (c *Conn) hold(p []byte) { c.keep(append([]byte(nil), p...)) }

// keep is hold for a p that is ours: where many blocking commands are held back, one goes out at a time.
func (c *Conn) keep(p []byte) {
	switch {
	case len(p) == 0:
		p = nil
	case c.backlog == nil:
		c.backlog = &backlog{}
	}
	if c.backlog != nil {
		c.backlog.held = p
	}
}

// keepBack takes p behind a command that waits for the server, or waits until there is room. It reports whether p was
// taken; if not, and there is no error, the caller looks again. c.wmu is held, and given back while it waits. c.mu is
// held, and it gives that back.
func (c *Conn) keepBack(p []byte) (taken bool, err error) {
	if c.backlog == nil {
		c.backlog = &backlog{}
	}
	if len(c.backlog.held) < heldLimit {
		c.backlog.held = append(c.backlog.held, p...)
		c.session.HoldBehind()
		c.mu.Unlock()
		return true, nil
	}
	if c.backlog.room == nil {
		c.backlog.room = make(chan struct{})
	}
	room := c.backlog.room
	c.mu.Unlock()
	c.wmu.Unlock()
	defer c.wmu.Lock()
	return false, c.awaitRoom(room)
}

// awaitRoom waits until something has changed, or the host's deadline. The host may be one that reads only when it has
// written everything, so what the server says meanwhile is read here.
func (c *Conn) awaitRoom(room <-chan struct{}) error {
	buf := make([]byte, lookSize)
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		select {
		case <-room:
			return nil
		case <-wait.C:
		}
		if deadline := c.inner.ClientWrite(); !deadline.IsZero() && !time.Now().Before(deadline) {
			return os.ErrDeadlineExceeded
		}
		c.readAhead(buf, longestLook)
		wait.Reset(longestLook)
	}
}

// readAhead reads for at most d what the host is not there to read.
func (c *Conn) readAhead(buf []byte, d time.Duration) {
	if !c.rmu.TryLock() {
		return
	}
	if c.endedNow() == nil && c.early.len() <= maxEarly {
		_ = c.readEarly(buf, d) // the host meets an error with its next call
	}
	c.rmu.Unlock()
	if c.signals.has(rotationWaits) {
		renewal{c}.proceed()
	}
}

// wakeWriters lets writes look again that wait for room. c.mu is held.
func (c *Conn) wakeWriters() {
	if c.backlog != nil && c.backlog.room != nil {
		close(c.backlog.room)
		c.backlog.room = nil
	}
}

// resumeIfReady starts the goroutine that sends what is held back, if the server has said what that waited for.
func (c *Conn) resumeIfReady() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session.Ready() && !c.resuming && c.broken() == nil {
		c.resuming = true
		go c.resume()
	}
}

// resume sends what is held back, as far as it can be sent.
func (c *Conn) resume() {
	c.wmu.Lock()
	for c.resumeOnce() {
	}
	c.wmu.Unlock()
	if c.signals.has(rotationWaits) {
		renewal{c}.proceed()
	}
}

func (c *Conn) resumeOnce() (more bool) {
	c.server.rotation.BringForward(&c.member)
	var wanted *sentAuth
	if due := c.due.Load(); due != nil && c.written != nil {
		wanted = newAuth(due, c.server.rotation.IsProven(due.Credential))
	}
	c.mu.Lock()
	if c.broken() != nil || !c.session.Ready() {
		c.resuming = false
		c.wakeWriters()
		c.mu.Unlock()
		return false
	}
	p := c.held()
	if c.session.Slicing() {
		p = append(c.session.Resend(environment{c}), p...)
	}
	if c.session.AuthOutstanding() {
		wanted = nil
	}
	mark := c.session.Mark()
	edits, taken := c.session.Plan(p, asAuth(wanted), c.relogin(wanted), environment{c})
	unblocks := c.session.TakeUnblocks()
	c.keep(p[taken:])
	c.mu.Unlock()
	c.server.blocked.tell(unblocks)

	c.inner.BeginWrite(time.Now().Add(answerPatience)) // what is held back may be large, and the server busy
	_, err := c.writeEdited(p[:taken], edits, &mark)
	c.inner.EndWrite()
	if err != nil {
		c.mu.Lock()
		c.fail(entra.CloseByServer, err)
		c.inner.Interrupt()
		c.mu.Unlock()
	}
	return true
}
