package entraconn

import (
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// Renewing a connection that its host leaves alone. A worker of the server's writes the AUTH and looks for the
// answer. It only ever tries the locks: a host that is writing or reading is in nobody's way, and nobody is in
// its way.

// progress says how far the renewal of a connection is after a worker looked after it.
type progress uint8

const (
	settled progress = iota // nothing is due and nothing is unanswered
	busy                    // the host is writing, or waits for replies: the AUTH rides along, or goes alone afterwards
	barred                  // AUTH may not be sent now
	sent                    // it is on its way
	unread                  // its answer is for somebody else to read: other replies come first, or somebody is reading
	silent                  // its answer is the next reply and was not there yet
	over                    // the connection has ended
)

// lookSize is the size of the buffer with which a worker looks for an answer.
const lookSize = 512

// maxEarly bounds what a worker may meet for the host while it looks for an answer. Beyond that, pushes on an idle
// connection are the host's to read first.
const maxEarly = 16 << 10

// renew writes the AUTH that is due, if there is one that may be written now. It waits until the server has answered
// everything: it would not run an AUTH before that, and to write into a full buffer could cost the connection, for
// on TLS a write that times out is the last one.
func (c *Conn) renew() progress {
	if !c.wmu.TryLock() {
		return busy
	}
	defer c.wmu.Unlock()
	due := c.due.Load()
	c.mu.Lock()
	at := c.mayRenew(due)
	c.mu.Unlock()
	if at != sent {
		return at
	}
	began := time.Now()
	switch err := c.writeAuth(c.server.attempt(due)); {
	case err == nil:
		return sent
	case isTimeout(err) && time.Since(began) >= ownWriteTimeout:
		return busy // if a part of it was written, the next look finds the connection ended
	default:
		// A timeout before its time is the one of an earlier write, which TLS never forgets.
		c.mu.Lock()
		defer c.mu.Unlock()
		c.fail(entra.CloseByServer, err)
		return over
	}
}

// mayRenew returns sent if an AUTH may be written now. c.mu is held.
func (c *Conn) mayRenew(due *dueAuth) progress {
	switch {
	case c.broken() != nil:
		return over
	case c.session.AuthOutstanding():
		return unread
	case due == nil || c.written == nil: // what was never used logs in with the newest token by itself
		return settled
	case !c.session.MayAuth():
		return barred
	case !c.session.Idle():
		return busy
	}
	return sent
}

// look reads for at most d where the next reply is the answer to an AUTH of ours, or ends a slice.
func (c *Conn) look(buf []byte, d time.Duration) progress {
	if !c.rmu.TryLock() {
		return unread
	}
	defer c.rmu.Unlock()
	c.mu.Lock()
	at := c.mayLook()
	c.mu.Unlock()
	if at != silent {
		return at
	}
	err := c.readEarly(buf, d)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil && !isTimeout(err):
		c.fail(entra.CloseByServer, err) // the host meets it with its next call
		return over
	case c.ended() != nil: // by what was read
		return over
	case c.session.Slicing():
		return barred
	case !c.session.AuthOutstanding():
		return settled
	case c.session.NextAuth() == nil:
		return unread
	}
	return c.patience(c.session.NextAuth().(*attempt))
}

// readEarly reads once, for at most d, and keeps what comes for the host. c.rmu is held.
func (c *Conn) readEarly(buf []byte, d time.Duration) error {
	c.deadlines.beginRead(c, time.Now().Add(d))
	n, behind, err := c.read(buf)
	c.deadlines.endRead(c)
	c.early.add(buf[:n])
	c.early.add(behind)
	return err
}

// mayLook returns silent if a worker may read. c.mu and c.rmu are held.
func (c *Conn) mayLook() progress {
	switch {
	case c.ended() != nil || c.closed:
		return over
	case c.session.SliceOverdue(time.Now()):
		return silent
	case !c.session.AuthOutstanding():
		return settled
	case c.session.NextAuth() == nil || c.early.len() > maxEarly:
		return unread
	}
	return silent
}

// patience ends a connection whose server has nothing to do but to answer our AUTH, and does not. c.mu and c.rmu are
// held.
func (c *Conn) patience(a *attempt) progress {
	now := time.Now()
	if a.next.IsZero() {
		a.next = now
	}
	if now.Sub(a.next) < answerPatience {
		return silent
	}
	c.fail(entra.CloseAuthTimeout, errUnanswered)
	return over
}

// barredBy says why AUTH may not be sent now, if it may not.
func (c *Conn) barredBy() (why session.Reason, forever bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session.BarredBy()
}
