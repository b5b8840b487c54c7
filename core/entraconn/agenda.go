package entraconn

import (
	"container/heap"
	"time"
)

// An agenda is what there is to do for a server's connections and when, the earliest first.
type agenda []task

type task struct {
	at   time.Time
	kind taskKind
	conn *Conn       // for fallsDue, lookAfter and retireHolder
	cred *credential // for retireHolders
}

type taskKind uint8

const (
	fallsDue      taskKind = iota // the connection's turn in the rotation has come
	lookAfter                     // a worker writes the AUTH that found no write to ride in, or looks for its answer
	moreCanaries                  // the canary has not answered yet, or was refused
	retireHolders                 // connections that still hold this credential and cannot be renewed are ended
	retireHolder                  // one of them, on which something was outstanding then
)

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)        { *a = append(*a, x.(task)) }
func (a *agenda) Pop() any {
	old := *a
	t := old[len(old)-1]
	old[len(old)-1] = task{}
	*a = old[:len(old)-1]
	return t
}

func (a *agenda) add(t task) { heap.Push(a, t) }

// take returns the next task if its time has come, else how long that will take; idle if there is none.
func (a *agenda) take(now time.Time) (t task, due bool, wait time.Duration) {
	if len(*a) == 0 {
		return task{}, false, idle
	}
	if wait := (*a)[0].at.Sub(now); wait > 0 {
		return task{}, false, wait
	}
	return heap.Pop(a).(task), true, 0
}

// idle is how long the goroutine sleeps with nothing on the agenda. The Source wakes it when there is a newer token.
const idle = time.Hour
