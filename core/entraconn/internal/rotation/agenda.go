package rotation

import (
	"container/heap"
	"time"
)

// An agenda is what there is to do for a server's connections and when, the earliest first.
type agenda []task

type task struct {
	at     time.Time
	kind   taskKind
	turn   uint16      // for visit
	member *Member     // for fallDue, visit and retireOne
	cred   *Credential // for fallDue and retireAll
}

type taskKind uint8

const (
	fallDue     taskKind = iota // the connection's slot in the rotation has come
	visitMember                 // a worker writes the AUTH that found no write to ride in, or looks for its answer
	nextCanary                  // no canary was accepted so far
	retireAll                   // connections that still have this credential and cannot be renewed are retired
	retireOne                   // one of them, on which something was in flight then
)

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }

// Push implements [heap.Interface].
func (a *agenda) Push(x any) { *a = append(*a, x.(task)) }

// Pop implements [heap.Interface].
func (a *agenda) Pop() any {
	old := *a
	t := old[len(old)-1]
	old[len(old)-1] = task{}
	*a = old[:len(old)-1]
	return t
}

// enqueue adds a task and reports whether it comes before all others.
func (a *agenda) enqueue(t task) (first bool) {
	first = len(*a) == 0 || t.at.Before((*a)[0].at)
	heap.Push(a, t)
	return first
}

// takeDue returns the next task if its time has come, else how long that will take; idle if there is
// none.
func (a *agenda) takeDue(now time.Time) (t task, isDue bool, wait time.Duration) {
	if len(*a) == 0 {
		return task{}, false, idle
	}
	if wait := (*a)[0].at.Sub(now); wait > 0 {
		return task{}, false, wait
	}
	return heap.Pop(a).(task), true, 0
}

// idle is how long the goroutine sleeps with nothing on the agenda. The Source wakes it when there
// is a newer token.
const idle = time.Hour
