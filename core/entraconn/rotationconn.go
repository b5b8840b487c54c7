package entraconn

import (
	"io"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/deadline"
	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
)

// A rotationConn is a Conn as package rotation sees it. Workers of the rotation write an AUTH and look
// for its answer while the client leaves the connection alone. They take wmu and rmu only with
// TryLock, so that no client waits for a worker, and no worker for a client.
type rotationConn struct{ conn *Conn }

// maxReadBuffer bounds what we read for the client while we look for an answer. If more pushes than
// that have come, the client must read first.
const maxReadBuffer = 16 << 10

// answerPatience is how long a worker waits at least for an answer that is the next reply, longer than
// a failover or a slow script. It waits on until the token of the connection expires.
const answerPatience = time.Minute

// ownWriteTimeout bounds the write of an AUTH that goes alone. A connection with nothing in flight
// takes it at once, unless its peer is gone. It is long, because TLS takes no write after one that
// timed out: a peer that pauses, or a process that gets no processor for a while, must not cost an
// idle connection. A write of the client that comes meanwhile ends it at the client's deadline.
const ownWriteTimeout = answerPatience

// Accepted implements [rotation.Conn].
func (r rotationConn) Accepted() *rotation.Credential { return r.conn.accepted.Load() }

// SetDue implements [rotation.Conn].
func (r rotationConn) SetDue(due *rotation.Due) { r.conn.dueAuth.Store(due) }

// CurrentBar implements [rotation.Conn].
func (r rotationConn) CurrentBar() (bar rotation.Bar) {
	c := r.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	bar.Why, bar.Forever = c.session.BarredBy()
	bar.Until = c.session.SliceEnd()
	return bar
}

// Renew implements [rotation.Conn].
func (r rotationConn) Renew(buf []byte, wait time.Duration) rotation.Progress {
	c := r.conn
	c.mu.Lock()
	c.signals.set(renewalWaits) // first: the client may read or write at any time
	c.mu.Unlock()
	progress, mayLook := r.write()
	if mayLook {
		progress = r.lookForAnswer(buf, wait)
	}
	if progress == rotation.AwaitsClient || progress == rotation.Barred {
		r.proceed() // the client may have read or written meanwhile
	} else {
		c.signals.clear(renewalWaits)
	}
	return progress
}

// write writes the AUTH that is due, if it may be written now. It waits until the server has
// answered everything, because the server would not run an AUTH before that. A write into a full
// buffer could also cost the connection: TLS takes no write after one that timed out. mayLook is
// whether there may be something to read for us; else progress is the result of the visit.
func (r rotationConn) write() (progress rotation.Progress, mayLook bool) {
	c := r.conn
	if !c.wmu.TryLock() {
		return rotation.AwaitsClient, false
	}
	defer c.wmu.Unlock()
	due := c.dueAuth.Load()
	c.mu.Lock()
	mayWrite, progress, mayLook := r.mayWriteLocked(due)
	c.mu.Unlock()
	if !mayWrite {
		return progress, mayLook
	}
	began := time.Now()
	switch err := newAuth(c, due).writeLocked(began.Add(ownWriteTimeout)); {
	case err == nil:
		return rotation.Pending, true
	case deadline.IsTimeout(err) && time.Since(began) >= ownWriteTimeout:
		return rotation.Pending, false // if a part of it was written, the connection has ended, and the next visit finds that
	default:
		// A timeout before our deadline is that of a write of the client which waits for this one,
		// or that of an earlier write, which TLS returns again.
		c.mu.Lock()
		defer c.mu.Unlock()
		c.failLocked(entra.CloseByServer, err)
		return rotation.Ended, false
	}
}

// mayWriteLocked reports whether an AUTH may be written now. If not, it returns what write does. It
// needs Conn.mu.
func (r rotationConn) mayWriteLocked(due *rotation.Due) (mayWrite bool, progress rotation.Progress, mayLook bool) {
	c := r.conn
	switch {
	case c.ending.writeErr() != nil:
		return false, rotation.Ended, false
	case c.session.AuthInFlight():
		return false, rotation.Pending, true
	case due == nil || c.writtenCred == nil: // a connection that was never used will log in with the newest token
		return false, rotation.Complete, false
	case !c.session.MayAuth():
		return false, rotation.Barred, c.session.SliceOverdue(time.Now())
	case !c.session.Idle():
		return false, rotation.AwaitsClient, false
	}
	return true, rotation.Pending, false
}

// lookForAnswer reads for at most d if the next reply is the answer to our AUTH or ends a slice.
func (r rotationConn) lookForAnswer(buf []byte, d time.Duration) rotation.Progress {
	c := r.conn
	if !c.rmu.TryLock() {
		return rotation.AwaitsClient
	}
	defer c.rmu.Unlock()
	c.mu.Lock()
	progress := r.mayLookLocked()
	c.mu.Unlock()
	if progress != rotation.Pending {
		return progress
	}
	err := c.readAheadLocked(buf, d)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil && !deadline.IsTimeout(err) {
		c.failLocked(entra.CloseByServer, err) // the next call of the client returns it
		return rotation.Ended
	}
	progress = r.mayLookLocked()
	if next := c.session.NextAuth(); next != nil && progress == rotation.Pending && !c.session.Slicing() {
		return r.patienceLocked(next.(*sentAuth))
	}
	return progress
}

// mayLookLocked returns Pending if there may be something to read for us. It needs Conn.mu and
// Conn.rmu.
func (r rotationConn) mayLookLocked() rotation.Progress {
	c := r.conn
	switch {
	case c.ending.readErr() != nil || c.ending.isClosed():
		return rotation.Ended
	case c.session.SliceOverdue(time.Now()):
		return rotation.Pending
	case c.session.AuthInFlight() && (c.session.NextAuth() == nil || c.readSizeLocked() > maxReadBuffer):
		return rotation.AwaitsClient
	case c.session.AuthInFlight():
		return rotation.Pending
	case c.dueAuth.Load() != nil && !c.session.MayAuth():
		return rotation.Barred
	case c.dueAuth.Load() != nil:
		return rotation.AwaitsClient
	}
	return rotation.Complete
}

// patienceLocked ends a connection whose server does not answer our AUTH, although that is the next
// reply, and whose token has expired: the server ends it then at the latest. A server that was silent
// for less, however long, costs an idle connection nothing, as it costs one with a password nothing.
// It needs Conn.mu and Conn.rmu.
func (r rotationConn) patienceLocked(a *sentAuth) rotation.Progress {
	now := time.Now()
	if a.nextSince.IsZero() {
		a.nextSince = now
	}
	holds := r.conn.accepted.Load()
	if now.Sub(a.nextSince) < answerPatience || holds != nil && now.Before(holds.Token().ExpiresOn()) {
		return rotation.Pending
	}
	r.conn.failLocked(entra.CloseAuthTimeout, errUnanswered)
	return rotation.Ended
}

// Retire implements [rotation.Conn]. The client gets EOF between two replies, as from a server that
// closes an idle connection, and never in the middle of one. A blocking command that takes nothing with
// it ends while it waits. A connection whose client has logged in as another user stays open.
func (r rotationConn) Retire() bool {
	c := r.conn
	c.signals.set(retirementWaits)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending.readErr() != nil || c.ending.isClosed() || !c.session.Retire() {
		if why, _ := c.session.BarredBy(); !why.Retires() {
			c.signals.clear(retirementWaits)
		}
		return false
	}
	c.signals.clear(retirementWaits)
	c.failLocked(entra.CloseUnsupported, io.EOF)
	c.inner.Interrupt()
	return true
}

// ReportEnd implements [rotation.Conn].
func (r rotationConn) ReportEnd() { r.conn.reportEnd() }

// proceed is called after each read and write while the rotation waits for one. It tells the
// rotation if that is over. The caller holds no lock of the Conn.
func (r rotationConn) proceed() {
	c := r.conn
	if !c.wmu.TryLock() {
		return // a writer comes here after that
	}
	c.wmu.Unlock()
	readable := c.rmu.TryLock() // else a reader finds the answer, and comes here after that
	if readable {
		readable = c.readSizeLocked() <= maxReadBuffer
		c.rmu.Unlock()
	}
	c.mu.Lock()
	may := r.mayProceedLocked(readable)
	c.mu.Unlock()
	if may != 0 && c.signals.testAndClear(may) {
		c.server.rotation.Continue(&c.member)
	}
}

// mayProceedLocked returns the signals whose wait is over. It needs Conn.mu.
func (r rotationConn) mayProceedLocked(readable bool) (may uint32) {
	c := r.conn
	_, forever := c.session.BarredBy()
	inFlight := c.session.AuthInFlight()
	switch {
	case c.dueAuth.Load() == nil && !inFlight: // a write of the client took it along, and the server has answered
		c.signals.clear(renewalWaits)
	case c.ending.writeErr() != nil,
		inFlight && readable && c.session.NextAuth() != nil,
		!inFlight && (forever || c.session.MayAuth() && c.session.Idle()):
		may |= renewalWaits
	}
	if c.session.MayRetire() {
		may |= retirementWaits
	}
	return may
}
