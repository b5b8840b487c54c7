package entraconn

import (
	"math"
	"os"
	"slices"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/heldback"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// largeBuffer bounds the buffer that a connection keeps for its next write.
const largeBuffer = 4 << 10

// lookSize is the size of the buffer of a read while a write waits. Workers bring their own buffer.
const lookSize = 512

// longestLook bounds such a read. Then the write looks again whether it may go on.
const longestLook = 10 * time.Millisecond

// A backlog is what the client has written and what was not sent yet. The next write of the client
// takes it along. If it waits for a reply, a goroutine sends it that lives only for that: the
// goroutine that reads must not wait for a peer that takes nothing, and the client may write no
// more.
//
// Conn.mu guards the fields below conn. A connection that never held anything back has a nil
// backlog, which is empty.
type backlog struct {
	conn     *Conn
	held     heldback.Queue
	room     chan struct{} // closed when a write that waits for room or for a login should look again, nil if none does
	resuming bool          // the goroutine runs, or is about to begin
	buffer   []byte        // to compose the next blocking command in, because such calls come in loops
}

// joinHeldLocked is heldback.Queue.Join. It needs Conn.wmu and Conn.mu.
func (b *backlog) joinHeldLocked(p []byte) (joined []byte, before int) {
	if b == nil {
		return p, 0
	}
	return b.held.Join(p)
}

// fullLocked returns b, for a write that waits for room or for a login. It needs Conn.mu.
func (b *backlog) fullLocked() *backlog {
	if b.room == nil {
		b.room = make(chan struct{})
		b.conn.signals.set(writesWait)
	}
	return b
}

// emptyBuffer returns a buffer to compose a write in.
func (b *backlog) emptyBuffer() []byte {
	if b == nil {
		return nil
	}
	return b.buffer[:0]
}

// isReusable reports whether the buffer of a write is worth keeping. That of a shortened blocking
// command is, because such commands come again, unless it is large or holds a token.
func isReusable(buffer []byte, edits []session.Edit) bool {
	shortened := slices.ContainsFunc(edits, func(e session.Edit) bool { return e.Cut > 0 })
	return shortened && !session.HoldAuth(edits) && cap(buffer) <= largeBuffer
}

// wakeWriters has the writes look again that wait on a connection. It is for when writesWait is set.
func wakeWriters(c *Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.backlog.wakeWritersLocked()
}

// wakeWritersLocked is wakeWriters for callers with the lock. It needs Conn.mu.
func (b *backlog) wakeWritersLocked() {
	if b != nil && b.room != nil {
		close(b.room)
		b.room = nil
		b.conn.signals.clear(writesWait)
		b.conn.inner.CutRead() // which may be that of a write that waits
	}
}

// awaitRoom waits until there may be room and no login to wait for, or until the client's write
// deadline. The client may read only when it has written everything, so this reads for it meanwhile.
func (b *backlog) awaitRoom() error {
	buf := make([]byte, lookSize)
	for {
		b.conn.mu.Lock()
		room := b.room
		b.conn.mu.Unlock()
		switch remaining := b.untilDeadline(); {
		case room == nil:
			return nil
		case remaining <= 0:
			return os.ErrDeadlineExceeded
		case b.conn.inner.ReadWaits() || !b.readAhead(buf, min(longestLook, remaining)):
			select {
			case <-room: // as after each read of the client
			case <-time.After(remaining):
			}
		}
	}
}

// untilDeadline returns the time until the client's write deadline.
func (b *backlog) untilDeadline() time.Duration {
	if deadline := b.conn.inner.ClientWrite(); !deadline.IsZero() {
		return time.Until(deadline)
	}
	return math.MaxInt64
}

// readAhead reads for the client, for at most d, if no other goroutine reads, and reports whether it has.
func (b *backlog) readAhead(buf []byte, d time.Duration) (ok bool) {
	c := b.conn
	if !c.rmu.TryLock() {
		return false
	}
	if ok = c.readErr() == nil && c.readSizeLocked() <= maxReadBuffer; ok {
		_ = c.readAheadLocked(buf, d) // the next call of the client returns the error
	}
	c.rmu.Unlock()
	if c.signals.has(rotationWaits) {
		rotationConn{c}.proceed()
	}
	return ok
}

// resumeLocked starts the goroutine that sends the backlog, unless it runs already. It needs
// Conn.mu.
func (b *backlog) resumeLocked() {
	if !b.resuming {
		b.resuming = true
		go b.resume()
	}
}

// resume sends what can be sent of the backlog.
func (b *backlog) resume() {
	c := b.conn
	c.wmu.Lock()
	for b.resumeOnceLocked() {
	}
	c.wmu.Unlock()
	if c.signals.has(rotationWaits) {
		rotationConn{c}.proceed()
	}
}

// resumeOnceLocked sends a part of the backlog, and reports whether there may be more to send. It
// needs Conn.wmu.
func (b *backlog) resumeOnceLocked() (more bool) {
	c := b.conn
	c.server.rotation.BringForward(&c.member)
	var auth *sentAuth
	if due := c.dueAuth.Load(); due != nil {
		auth = newAuth(c, due)
	}
	w, ok := b.nextLocked(auth)
	if !ok {
		return false
	}
	c.server.passUnblocks(c, w.unblocks)
	c.inner.BeginWrite(time.Now().Add(answerPatience)) // what is held back may be large, and the server busy
	_, err := c.writeEditedLocked(&w)
	c.inner.EndWrite()
	if err != nil {
		c.mu.Lock()
		c.failLocked(entra.CloseByServer, err)
		c.inner.Interrupt()
		c.mu.Unlock()
	}
	return true
}

// nextLocked plans the next write, with an AUTH if one may go there. ok is false if nothing can be
// sent now, and the goroutine ends. It needs Conn.wmu.
func (b *backlog) nextLocked(auth *sentAuth) (w plannedWrite, ok bool) {
	c := b.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending.writeErr() != nil || !c.session.Ready() {
		b.resuming = false
		b.wakeWritersLocked()
		return w, false
	}
	if c.writtenCred == nil {
		auth = nil
	}
	command := c.session.NextSlice(environment{c})
	if command == nil {
		w = c.planLocked(b.held.Held(), auth)
		b.held.DropFirst(w.taken)
		return w, true
	}
	w = c.planLocked(append(command, b.held.Held()...), auth)
	b.held = heldback.Queue{}
	b.held.Append(w.p[w.taken:])
	return w, true
}
