package entraconn

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// What the session of a connection asks of the world while a command blocks, and the way of a CLIENT UNBLOCK from the
// connection that sends it to the one that it is for.

// A blocked knows the connections of a client on which calls block in slices. rueidis sends CLIENT UNBLOCK when a blocked
// call is cancelled. If that met the end of a slice, the command would go out once more and pop an element that no caller
// receives. So the session that a CLIENT UNBLOCK of the same client is for is told before it goes out.
type blocked struct {
	mu   sync.Mutex
	byID map[int64]*Conn // by the server's number of the connection
}

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

func (b *blocked) get(id int64) *Conn {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.byID[id]
}

// tell tells each connection that is to be unblocked. The caller holds the wmu of the connection that is about to send
// that, and no mu: tell locks the mu of one connection after the other. If the write fails, the calls end all the same,
// because their callers do not want them any more.
func (b *blocked) tell(all []session.Unblock) {
	for _, u := range all {
		if c := b.get(u.ClientID); c != nil {
			c.unblock(u)
		}
	}
}

// An environment tells the session of a connection what it must know of the world.
type environment struct{ conn *Conn }

// MayBlock goes by the token that the server knows the connection by. An AUTH in front of the command may be refused,
// unless the server has accepted its token elsewhere. It needs Conn.wmu and Conn.mu.
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

func (o environment) Now() time.Time { return time.Now() }

// Leases makes the connection known to those that might unblock it. It needs Conn.mu.
func (o environment) Leases(clientID int64) {
	if !o.conn.ending.reported { // else it is forgotten already
		o.conn.server.blocked.add(clientID, o.conn)
	}
}
