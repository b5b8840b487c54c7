package census

import (
	"context"
	"sync"

	"github.com/entraredis/entraredis/core/entra"
)

// A Census knows the token of every open connection of one Source. It is safe for concurrent use, and needs no Close.
type Census struct {
	mu    sync.Mutex
	token token
	pools map[poolKey]*pool
	empty int // pools without connections
}

// New returns a Census that has seen nothing yet.
func New() *Census { return &Census{pools: make(map[poolKey]*pool)} }

// Observer returns the observer through which the Census learns. It belongs into the Options of one Source, by
// itself or through [entra.JoinObservers], from the start.
func (c *Census) Observer() *entra.Observer {
	return &entra.Observer{
		RefreshStart:  c.refreshStart,
		RefreshDone:   c.refreshDone,
		AttemptDone:   c.attemptDone,
		ConnOpened:    c.connOpened,
		ConnClosed:    c.connClosed,
		AuthDone:      c.authDone,
		RotationStart: c.rotationStart,
		RotationDone:  c.rotationDone,
	}
}

func (c *Census) refreshStart(ctx context.Context, info entra.RefreshStartInfo) context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token.refresh = Refresh{Begun: info.At, Trigger: info.Trigger}
	return ctx
}

func (c *Census) refreshDone(_ context.Context, info entra.RefreshDoneInfo) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token.refresh = Refresh{}
	if info.Err == nil {
		c.token.replaced(info.ExpiresOn)
	}
}

func (c *Census) attemptDone(_ context.Context, info entra.AttemptDoneInfo) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token.asked(info)
}

func (c *Census) connOpened(ctx context.Context, info entra.ConnOpenedInfo) context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := keyOf(info.Conn)
	p := c.pools[key]
	switch {
	case p == nil:
		p = &pool{key: key, poolAddr: info.Conn.PoolAddr, conns: make(map[uint64]*conn)}
		c.pools[key] = p
	case p.open == 0:
		c.empty--
	}
	p.add(info.Conn.ID)
	return ctx
}

func (c *Census) authDone(_ context.Context, info entra.AuthDoneInfo) {
	if info.Err != nil {
		return // the connection has what it had
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token.met(info.Token)
	if p := c.pools[keyOf(info.Conn)]; p != nil {
		p.authenticated(info.Conn.ID, info.Token)
	}
}

func (c *Census) connClosed(_ context.Context, info entra.ConnClosedInfo) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pools[keyOf(info.Conn)]
	if p == nil {
		return
	}
	p.closed(info.Reason, info.At)
	if p.remove(info) && p.open == 0 {
		p.emptied = info.At
		c.empty++
		c.forgetLocked()
	}
}

func (c *Census) rotationStart(ctx context.Context, info entra.RotationStartInfo) context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pools[poolKey{info.Library, info.Pool, info.ServerAddr}]
	if p == nil {
		return ctx
	}
	return context.WithValue(ctx, rotationOf{c}, p.rotate(info))
}

func (c *Census) rotationDone(ctx context.Context, info entra.RotationDoneInfo) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.pools[poolKey{info.Library, info.Pool, info.ServerAddr}]; p != nil {
		r, _ := ctx.Value(rotationOf{c}).(*rotation)
		p.rotated(r)
	}
}

// rotationOf is the key under which a Census finds its rotation in a context. Another Census may see the same events.
type rotationOf struct{ *Census }

// maxEmpty bounds the pools that are kept without connections. The nodes of a cluster come back under new addresses
// after each failover, for as long as the program runs.
const maxEmpty = 64

// forgetLocked removes the pool that has been empty for longest, if there are too many. It needs Census.mu.
func (c *Census) forgetLocked() {
	if c.empty <= maxEmpty {
		return
	}
	var oldest *pool
	for _, p := range c.pools {
		if p.open == 0 && (oldest == nil || p.emptied.Before(oldest.emptied)) {
			oldest = p
		}
	}
	delete(c.pools, oldest.key)
	c.empty--
}
