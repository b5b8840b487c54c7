package otelentra

import (
	"maps"
	"sync"
	"time"
)

// refusalMemory is how long the last refusal of a server counts. A client that needs the server asks
// again sooner: refused renewals are repeated after 30 s at most. It is how long [entra.Status] lists
// a server to which there is no connection.
const refusalMemory = 10 * time.Minute

// refusals are the servers of a pool whose last answer to an AUTH was a refusal.
type refusals struct {
	mu   sync.Mutex
	last map[string]time.Time // when each server refused
}

// refused notes that a server has refused.
func (r *refusals) refused(serverAddr string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.last, func(_ string, at time.Time) bool { return now.Sub(at) >= refusalMemory })
	if r.last == nil {
		r.last = make(map[string]time.Time)
	}
	r.last[serverAddr] = now
}

// accepted notes that a server has accepted.
func (r *refusals) accepted(serverAddr string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.last, serverAddr)
}

// servers returns how many refuse.
func (r *refusals) servers(now time.Time) (n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, at := range r.last {
		if now.Sub(at) < refusalMemory {
			n++
		}
	}
	return n
}
