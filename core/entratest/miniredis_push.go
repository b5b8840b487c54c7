package entratest

// hold keeps pushes back until the next reply, for those that speak of what is being executed.
func (c *miniConn) hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holding = true
}

// holdAndCache is hold for a command whose reply the client may cache.
func (c *miniConn) holdAndCache() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holding, c.caching = true, true
}

// invalidate tells a client that caches to forget everything. Once is enough until it reads again; while it
// reads, it cannot be known whether the write came first.
func (c *miniConn) invalidate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.caching {
		c.pushLocked([]byte(">2\r\n$10\r\ninvalidate\r\n_\r\n"))
		c.caching = c.holding
	}
}

// forgetCache is for a client that caches no more.
func (c *miniConn) forgetCache() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.caching = false
}

// reply sends a reply and the pushes that waited for it. The lock is held over Write, which cannot wait: this
// direction is unbounded.
func (c *miniConn) reply(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holding = false
	b = append(b, c.held...)
	c.held = nil
	_, _ = c.wire.Write(b) // fails if the client is gone, which the reader sees as well
}

// push sends bytes that are not a reply.
func (c *miniConn) push(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pushLocked(b)
}

func (c *miniConn) pushLocked(b []byte) {
	if c.holding {
		c.held = append(c.held, b...)
		return
	}
	_, _ = c.wire.Write(b) // as above
}
