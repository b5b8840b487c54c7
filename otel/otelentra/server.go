package otelentra

import (
	"sync"

	"go.opentelemetry.io/otel/attribute"

	"github.com/entraredis/entraredis/core/entra"
)

// A server is one server of a pool. Rotations are of servers, and spans name them.
type server struct {
	addr     string // as it was dialed
	pool     *pool
	spans    []attribute.KeyValue
	authName string // of the spans of AUTHs

	mu       sync.Mutex
	rotation *rotation // nil if none is under way
	budget   int       // AUTH spans that may still be made before the next rotation
}

// answered counts the answer to an AUTH, if the server accepted or refused it. An answer of a server that serves no client
// at the moment says nothing about the token.
func (s *server) answered(info entra.AuthDoneInfo, status string) {
	switch {
	case info.Err == nil:
		s.pool.refusing.accepted(s.addr)
	case info.Refused:
		s.pool.refusals.add(status)
		s.pool.refusing.refused(s.addr, info.At)
	}
}

// underWay returns the rotation that an AUTH belongs to, nil if none is under way. spare reports whether the AUTH, if
// it is notable, gets a span out of the budget.
func (s *server) underWay(notable bool) (r *rotation, spare bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case notable && s.budget > 0:
		s.budget--
		spare = true
	case notable && s.rotation != nil:
		s.rotation.dropped++
	}
	return s.rotation, spare
}

// start makes r the rotation under way.
func (s *server) start(r *rotation, budget int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rotation, s.budget = r, budget
}

// end ends r, unless a later rotation has taken its place, and returns how many AUTHs got no span for want of budget.
func (s *server) end(r *rotation, budget int) (dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r == nil || s.rotation != r {
		return 0
	}
	s.rotation, s.budget = nil, budget
	return r.dropped
}
