package entraconn_test

import (
	"net"
	"sync"
)

// slowWrites is a connection on which a write may return long after its bytes have arrived.
type slowWrites struct {
	net.Conn

	mu      sync.Mutex
	resumed chan struct{} // closed when writes may return, nil if they return at once
}

// hold keeps every later write from returning until resume is called.
func (c *slowWrites) hold() (resume func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	resumed := make(chan struct{})
	c.resumed = resumed
	return func() {
		c.mu.Lock()
		c.resumed = nil
		c.mu.Unlock()
		close(resumed)
	}
}

func (c *slowWrites) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.mu.Lock()
	resumed := c.resumed
	c.mu.Unlock()
	if resumed != nil {
		<-resumed
	}
	return n, err
}
