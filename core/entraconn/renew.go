package entraconn

import (
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// Renewing a connection that its host leaves alone. A worker of the Dialer writes the AUTH and looks for the
// answer. It only ever tries the locks: a host that is writing or reading is in nobody's way, and nobody is in
// its way.

// progress says how far the renewal of a connection is after a worker looked after it.
type progress uint8

const (
	settled      progress = iota // nothing is due and nothing is unanswered
	hostWrites                   // the host is writing, so the AUTH rides along or the next try finds it free
	barred                       // AUTH may not be sent now
	unanswered                   // it is sent, and its answer is not the next reply or not there yet
	someoneReads                 // it is sent, and somebody is reading who will meet the answer
	over                         // the connection has ended
)

// lookSize is the size of the buffer with which a worker looks for an answer.
const lookSize = 512

// maxEarly bounds what a worker may meet for the host while it looks for an answer. Beyond that, pushes on an idle
// connection are the host's to read first.
const maxEarly = 16 << 10

// renew writes the AUTH that is due, if there is one that may be written now.
func (c *Conn) renew() progress {
	if !c.wmu.TryLock() {
		return hostWrites
	}
	defer c.wmu.Unlock()
	due := c.due.Load()
	c.mu.Lock()
	switch {
	case c.broken() != nil || c.closed:
		c.mu.Unlock()
		return over
	case c.session.oursOutstanding():
		c.mu.Unlock()
		return unanswered
	case due == nil || c.written == nil: // what was never used logs in with the newest token by itself
		c.mu.Unlock()
		return settled
	case !c.session.mayAuth():
		c.mu.Unlock()
		return barred
	}
	c.mu.Unlock()
	if err := c.writeAuth(newAttempt(due.cred, due.phase)); err != nil {
		return over
	}
	return unanswered
}

// look reads for at most d where the next reply is the answer to an AUTH of ours.
func (c *Conn) look(buf []byte, d time.Duration) progress {
	if !c.rmu.TryLock() {
		return someoneReads
	}
	defer c.rmu.Unlock()
	c.mu.Lock()
	switch {
	case c.ended() != nil || c.closed:
		c.mu.Unlock()
		return over
	case !c.session.oursOutstanding():
		c.mu.Unlock()
		return settled
	case !c.session.oursNext() || len(c.early) > maxEarly:
		c.mu.Unlock()
		return unanswered
	}
	c.mu.Unlock()

	c.deadlines.beginRead(c, time.Now().Add(d))
	n, err := c.read(buf)
	c.deadlines.endRead(c)
	c.early = append(c.early, buf[:n]...)
	if err != nil && !isTimeout(err) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.fail(entra.CloseByServer, err) // the host meets it with its next call
		return over
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session.oursOutstanding() {
		return unanswered
	}
	return settled
}

// barredBy says why AUTH may not be sent now, if it may not.
func (c *Conn) barredBy() (why reason, forever bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session.barredBy()
}

// giveUp ends a connection on which an AUTH of ours has been unanswered since before the given moment although
// nothing stands before it. It reports whether it did.
func (c *Conn) giveUp(before time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended() != nil || !c.session.oursNext() {
		return false
	}
	if first := c.session.ledger.first().auth; !first.begun.Before(before) {
		return false
	}
	c.fail(entra.CloseAuthTimeout, errUnanswered)
	c.deadlines.interrupt(c.inner)
	return true
}
