package entratest

// hold keeps pushes back until the next reply, for those that speak of what is being executed.
func (c *miniConn) hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holding = true
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

// push sends bytes that nobody asked for.
func (c *miniConn) push(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.holding {
		c.held = append(c.held, b...)
		return
	}
	_, _ = c.wire.Write(b) // as above
}
