package entratest

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// A FaultHandle watches and ends a fault that was injected into an [STS], a [Gateway] or a [Network]. It is safe for
// concurrent use.
type FaultHandle struct {
	limit int
	hit   chan struct{} // closed by the first hit
	gone  chan struct{} // closed by Remove

	mu       sync.Mutex
	hits     int
	ordinals map[int]int // of the connections that met the fault, by their number
}

func newFaultHandle(limit int) *FaultHandle {
	return &FaultHandle{limit: limit, hit: make(chan struct{}), gone: make(chan struct{})}
}

// Hits returns how often the fault has struck.
func (h *FaultHandle) Hits() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hits
}

// Wait blocks until the fault has struck once, or ctx ends, or the fault was removed before it struck; the last
// two are errors.
func (h *FaultHandle) Wait(ctx context.Context) error {
	select {
	case <-h.hit:
		return nil
	default:
	}
	select {
	case <-h.hit:
		return nil
	case <-h.gone:
		return errors.New("entratest: the fault was removed before it struck")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Remove ends the fault. Requests that it holds up go on as if it had never been. Calling it again does nothing.
func (h *FaultHandle) Remove() {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.gone:
	default:
		close(h.gone)
	}
}

// strike reports whether the fault is still on, and counts.
func (h *FaultHandle) strike() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.gone:
		return false
	default:
	}
	if h.limit > 0 && h.hits >= h.limit {
		return false
	}
	if h.hits++; h.hits == 1 {
		close(h.hit)
	}
	return true
}

// ordinal returns which of the connections that met the fault one is, counted from 1.
func (h *FaultHandle) ordinal(conn int) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n, known := h.ordinals[conn]
	if !known {
		if h.ordinals == nil {
			h.ordinals = map[int]int{}
		}
		n = len(h.ordinals) + 1
		h.ordinals[conn] = n
	}
	return n
}

// spent reports whether the fault can never strike again.
func (h *FaultHandle) spent() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.gone:
		return true
	default:
		return h.limit > 0 && h.hits >= h.limit
	}
}

// faults are those in force, the oldest first.
type faults[F any] struct {
	mu   sync.Mutex
	list []injected[F]
}

type injected[F any] struct {
	fault  F
	handle *FaultHandle
}

func (fs *faults[F]) inject(f F, count int) *FaultHandle {
	h := newFaultHandle(count)
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.list = append(fs.list, injected[F]{f, h})
	return h
}

// strike returns the oldest fault that matches, having counted the hit. The handle is nil if there is none.
func (fs *faults[F]) strike(matches func(F, *FaultHandle) bool) (F, *FaultHandle) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.list = slices.DeleteFunc(fs.list, func(i injected[F]) bool { return i.handle.spent() })
	for _, i := range fs.list {
		if matches(i.fault, i.handle) && i.handle.strike() {
			return i.fault, i.handle
		}
	}
	var none F
	return none, nil
}
