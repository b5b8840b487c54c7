package entraconn

import (
	"slices"
	"sync"

	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// blockedConns are the connections to a server on which calls block in slices. rueidis sends CLIENT
// UNBLOCK when a blocked call is cancelled. If that reached the server between two slices, the
// command would go out once more and pop an element that no caller receives. So the session of the
// blocked connection is told before a CLIENT UNBLOCK of the same Dialer goes out.
type blockedConns struct {
	mu sync.Mutex
	// byNumber has them by the server's number of the connection. Each of several proxies behind one
	// address counts its own, so a number may stand for several connections.
	byNumber map[int64][]*Conn
}

func (b *blockedConns) add(connNumber int64, c *Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.byNumber == nil {
		b.byNumber = make(map[int64][]*Conn)
	}
	if !slices.Contains(b.byNumber[connNumber], c) {
		b.byNumber[connNumber] = append(b.byNumber[connNumber], c)
	}
}

func (b *blockedConns) remove(connNumber int64, c *Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	others := slices.DeleteFunc(b.byNumber[connNumber], func(blocked *Conn) bool { return blocked == c })
	if len(others) == 0 {
		delete(b.byNumber, connNumber)
		return
	}
	b.byNumber[connNumber] = others
}

func (b *blockedConns) get(connNumber int64) []*Conn {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.byNumber[connNumber])
}

// tell tells the session of each connection that is about to be unblocked. The caller holds the wmu
// of the connection that is about to send CLIENT UNBLOCK, and no mu: unblock locks the mu of one
// connection after the other. If the write fails, the calls end all the same, because their callers
// have cancelled them.
func (b *blockedConns) tell(all []session.Unblock) {
	for _, u := range all {
		for _, c := range b.get(u.ClientID) {
			c.unblocked(u)
		}
	}
}
