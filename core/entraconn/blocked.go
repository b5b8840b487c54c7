package entraconn

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// What a session asks of the world while a command blocks.

// A blocked is where a CLIENT UNBLOCK in this process finds the connection that it means. rueidis sends one when a
// blocked call is cancelled, and if that met the end of a slice, the command would go out once more and pop an element
// for nobody.
type blocked struct {
	mu   sync.Mutex
	byID map[int64]*Conn // by the server's number of the connection
	last time.Time       // of a CLIENT UNBLOCK for a connection that is not in byID
}

// unblockEcho is how long a null may follow a CLIENT UNBLOCK for it on connections whose number is not known.
const unblockEcho = 250 * time.Millisecond

func (b *blocked) add(id int64, c *Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.byID == nil {
		b.byID = make(map[int64]*Conn)
	}
	b.byID[id] = c
}

func (b *blocked) remove(id int64, c *Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.byID[id] == c {
		delete(b.byID, id)
	}
}

func (b *blocked) unblock(id int64, end session.PendingReply) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch c := b.byID[id]; {
	case c == nil:
		b.last = time.Now()
	case end == session.UnblockedReply:
		c.signals.set(unblocked | unblockedWithError)
	default:
		c.signals.set(unblocked)
	}
}

// unblocked reports whether a null that comes now may be for such a connection, which began to block at began.
func (b *blocked) unblocked(began time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last.After(began) && time.Since(b.last) < unblockEcho
}

// An environment tells the session of a connection what it must know of the world.
type environment struct{ conn *Conn }

// MayBlock goes by the token that the server knows the connection by. An AUTH in front of the command may be refused,
// unless the server has accepted its token elsewhere. c.wmu is held.
func (o environment) MayBlock(auth session.Auth) (now time.Time, most time.Duration) {
	riding, _ := auth.(*sentAuth)
	cred := o.conn.accepted.Load()
	switch {
	case riding != nil && (riding.proven || cred == nil):
		cred = riding.cred
	case cred == nil:
		cred = o.conn.written
	}
	now = time.Now()
	return now, rotation.SliceLength(cred.Token(), now, rand.Float64())
}

// Blocks makes the connection known to those who might unblock it. c.mu is held.
func (o environment) Blocks(clientID int64) {
	o.conn.signals.clear(unblocked | unblockedWithError)
	if clientID != 0 {
		o.conn.server.blocked.add(clientID, o.conn)
	}
}

// Cancelled goes by what was written to connections of this process. c.mu is held.
func (o environment) Cancelled(clientID int64, began time.Time) (now time.Time, end session.PendingReply) {
	c := o.conn
	switch {
	case c.signals.has(unblockedWithError):
		end = session.UnblockedReply
	case c.signals.has(unblocked), clientID == 0 && c.server.blocked.unblocked(began):
		end = session.NullReply
	}
	return time.Now(), end
}

// owes reports whether the host is to get something that the server did not send.
func (c *Conn) owes() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session.HasPendingReply()
}

func (o environment) Unblock(clientID int64, end session.PendingReply) {
	o.conn.server.blocked.unblock(clientID, end)
}
