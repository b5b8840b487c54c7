package entra

import (
	"context"
	"time"
)

// A started is the context that follows from a Start event. Its values are those of the context that
// the last observer has returned so far, so that they are there as soon as an observer has
// answered, and no connection waits for an observer.
type started struct {
	context.Context // that the event came with
	relay           *relay
	at              time.Time
	before          *started // that Context follows from, nil if there is none
	answers         []answer // of the parts of the relay, in their order
}

// An answer is what one observer has returned.
type answer struct {
	ready chan struct{}   // closed when ctx is final; nil if the observer has no such function
	ctx   context.Context // nil if the event was dropped
}

// startedBy is the key under which a relay finds its started in a context.
type startedBy struct{ *relay }

// Value implements [context.Context].
func (s *started) Value(key any) any {
	if key == (startedBy{s.relay}) {
		return s
	}
	return s.answeredBefore(len(s.answers)).Value(key)
}

// answeredBefore returns what the last observer before part i has returned so far.
func (s *started) answeredBefore(i int) context.Context {
	for i--; i >= 0; i-- {
		if ctx := s.answers[i].now(); ctx != nil {
			return ctx
		}
	}
	return s.Context
}

// now returns what the observer has returned, nil if it has not.
func (a *answer) now() context.Context {
	if a.ready == nil {
		return nil
	}
	select {
	case <-a.ready:
		return a.ctx
	default:
		return nil
	}
}

// ask calls the Start function of part i with what the parts before it have returned.
func (s *started) ask(i int, function func(context.Context) context.Context) {
	a := &s.answers[i]
	s.await(i, s.at.Add(joinedPatience))
	a.ctx = s.answeredBefore(i)
	defer close(a.ready)
	if ctx := function(a.ctx); ctx != nil {
		a.ctx = ctx
	}
}

// await waits until the first n parts have answered this event and those that led to it, or until
// the deadline. It does not wait for parts that are late.
func (s *started) await(n int, until time.Time) {
	for ; s != nil; s = s.before {
		for i := range s.answers[:n] {
			s.relay.parts[i].await(s.answers[i].ready, until)
		}
	}
}
