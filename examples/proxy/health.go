package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/examples/proxy/forward"
)

// checkTimeout is how long a check may take: Kubernetes waits for a second by default, and more if it is told to.
const checkTimeout = 3 * time.Second

// health says whether clients can be served: there is a token, and the cache has accepted it on a connection of the
// health check's own, which stays open and answers.
type health struct {
	src      *entra.Source
	connect  forward.Dial
	draining atomic.Bool

	// mu serialises the commands on the connection. So it is held over I/O, which a deadline bounds.
	mu      sync.Mutex
	conn    net.Conn // nil if there is none
	replies *bufio.Reader
}

func newHealth(src *entra.Source, connect forward.Dial) *health {
	return &health{src: src, connect: connect}
}

// check returns why clients cannot be served.
func (h *health) check(ctx context.Context) error {
	if h.draining.Load() {
		return errors.New("draining")
	}
	if status := h.src.Status(); !status.Valid {
		return fmt.Errorf("no token: %s", status.Reason)
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	h.mu.Lock()
	defer h.mu.Unlock()
	fresh := h.conn == nil
	err := h.pingLocked(ctx)
	if err != nil && !fresh { // the cache may have closed an idle connection
		err = h.pingLocked(ctx)
	}
	return err
}

// pingLocked has the cache answer, on a new connection if there is none. Any answer will do: it comes after a login.
func (h *health) pingLocked(ctx context.Context) (err error) {
	if h.conn == nil {
		if h.conn, err = h.connect(ctx, unwrapped); err != nil {
			h.conn = nil
			return fmt.Errorf("cannot connect to the cache: %w", err)
		}
		h.replies = bufio.NewReader(h.conn)
	}
	deadline, _ := ctx.Deadline()
	if err = h.conn.SetDeadline(deadline); err == nil {
		_, err = io.WriteString(h.conn, "*1\r\n$4\r\nPING\r\n")
	}
	var line string
	if err == nil {
		line, err = h.replies.ReadString('\n')
	}
	if err != nil || line == "" {
		_ = h.conn.Close()
		h.conn = nil
		return fmt.Errorf("the cache does not answer: %w", err)
	}
	return nil
}

// unwrapped is for a connection that ends as it does.
func unwrapped(conn net.Conn) net.Conn { return conn }

func (h *health) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.conn != nil {
		_ = h.conn.Close()
	}
}

// ServeHTTP answers 200 if clients can be served, else 503 and why. It tells no secret.
func (h *health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h.check(r.Context()); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}
