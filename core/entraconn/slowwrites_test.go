package entraconn_test

import (
	"net"
	"sync"
)

// slowWrites is a connection on which a write may return long after its bytes have arrived, and that
// may hold the goroutine which reports an event.
type slowWrites struct {
	net.Conn

	mu      sync.Mutex
	resumed chan struct{} // closed when writes may return, nil if they return at once
	report  *heldReport   // the next one, nil if it is not held
}

// A heldReport is a report of an event, and the goroutine that makes it.
type heldReport struct{ begun, resumed chan struct{} }

// holdReport keeps the goroutine that next reports an event of the connection until resume is
// called. begun is closed when that has begun.
func (c *slowWrites) holdReport() (begun <-chan struct{}, resume func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	held := &heldReport{make(chan struct{}), make(chan struct{})}
	c.report = held
	return held.begun, func() { close(held.resumed) }
}

// RemoteAddr is a part of every event.
func (c *slowWrites) RemoteAddr() net.Addr {
	if held := c.takeReport(); held != nil {
		close(held.begun)
		<-held.resumed
	}
	return c.Conn.RemoteAddr()
}

func (c *slowWrites) takeReport() *heldReport {
	c.mu.Lock()
	defer c.mu.Unlock()
	held := c.report
	c.report = nil
	return held
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
