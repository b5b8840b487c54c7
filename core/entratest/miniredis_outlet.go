package entratest

import "sync"

// An outlet sends a connection's replies and pushes, each whole.
type outlet struct {
	wire *conn

	mu      sync.Mutex
	holding bool   // pushes wait for the reply
	held    []byte // those that do
	caching bool   // with CLIENT TRACKING: has read since it was last told to forget
}

// hold keeps pushes back until the next reply, for those that speak of what is being executed.
func (o *outlet) hold() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.holding = true
}

// holdAndCache is hold for a command whose reply the client may cache.
func (o *outlet) holdAndCache() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.holding, o.caching = true, true
}

// invalidate tells a client that caches to forget everything. Once is enough until it reads again; while it
// reads, it cannot be known whether the write came first.
func (o *outlet) invalidate() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.caching {
		o.pushLocked([]byte(">2\r\n$10\r\ninvalidate\r\n_\r\n"))
		o.caching = o.holding
	}
}

// forgetCache is for a client that caches no more.
func (o *outlet) forgetCache() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.caching = false
}

// reply sends a reply and the pushes that waited for it. The lock is held over Write, which cannot wait: this
// direction is unbounded.
func (o *outlet) reply(b []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.holding = false
	b = append(b, o.held...)
	o.held = nil
	_, _ = o.wire.Write(b) // fails if the client is gone, which the reader sees as well
}

// push sends bytes that are not a reply.
func (o *outlet) push(b []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pushLocked(b)
}

// pushLocked is push for callers with the lock. It needs mu.
func (o *outlet) pushLocked(b []byte) {
	if o.holding {
		o.held = append(o.held, b...)
		return
	}
	_, _ = o.wire.Write(b) // as above
}
