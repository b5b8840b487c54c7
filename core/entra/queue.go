package entra

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// maxQueued bounds the tasks of a queue, those about openings and closings of connections apart. Ten
// thousand connections that log in within a second make 20,000 events, and an observer takes
// microseconds for each: the bound is only met by one that blocks. With what they refer to, so many
// events take about 2 MB.
const maxQueued = 4096

// A queue calls functions of the user, one after the other, in a goroutine that exists while there
// is something to call. A function that blocks, panics or ends its goroutine disturbs no other
// queue, and nothing that adds to this one.
type queue struct {
	dropped *atomic.Uint64          // tasks, of all queues of the Source
	onPanic func(t task, value any) // a call has panicked
	onDrop  func(current task)      // a task is dropped for the first time, while that one is called

	mu         sync.Mutex
	tasks      []task        // the oldest first, maxQueued at most
	conns      connTasks     // those about openings and closings of connections
	last       uint64        // number of the newest task
	current    task          // the one that is called
	isRunning  bool          // the goroutine is
	isLate     bool          // others have waited for a call in vain, and the queue was not empty since
	hasDropped bool          // a task has been dropped
	empty      chan struct{} // closed when the goroutine ends; nil while no caller waits for that
}

// A task is one call of a user's function.
type task struct {
	call     func()
	drop     func()    // is called instead if the queue drops the task, and must not block; may be nil
	function any       // the user's, to name it in the log
	conn     connEvent // zero if the task may be dropped by itself
	number   uint64    // in the order of the tasks
}

// add adds a task, and returns at once.
func (q *queue) add(t task) {
	if current, isFirst := q.put(t); isFirst {
		q.onDrop(current)
	}
}

// put adds a task. It reports whether it has dropped one for the first time, and what the goroutine
// is in.
func (q *queue) put(t task) (current task, isFirst bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	before := q.hasDropped
	q.last++
	t.number = q.last
	if t.conn.change == connUnchanged {
		q.putOrdinaryLocked(t)
	} else {
		q.putConnLocked(t)
	}
	if !q.isRunning {
		q.isRunning = true
		go q.run()
	}
	return q.current, q.hasDropped && !before
}

// putOrdinaryLocked drops the oldest ordinary task if there are too many.
func (q *queue) putOrdinaryLocked(t task) {
	if len(q.tasks) == maxQueued {
		q.dropLocked(q.tasks[0])
		q.tasks[0] = task{}
		q.tasks = q.tasks[1:]
	}
	q.tasks = append(q.tasks, t)
}

// putConnLocked drops a connection whole, its opening and its closing, if more than maxQueued of these
// tasks wait.
func (q *queue) putConnLocked(t task) {
	if t.conn.change == connIsClosed && q.conns.count() >= maxQueued {
		if opening, found := q.conns.takeOpening(t.conn); found {
			q.dropLocked(opening)
			q.dropLocked(t)
			return
		}
	}
	q.conns.put(t)
}

func (q *queue) dropLocked(t task) {
	q.dropped.Add(1)
	q.hasDropped = true
	if t.drop != nil {
		t.drop()
	}
}

// run is the goroutine. If a function ends it, another one takes its place.
func (q *queue) run() {
	isEmpty := false
	defer func() {
		if !isEmpty {
			go q.run()
		}
	}()
	for {
		t, ok := q.next()
		if !ok {
			isEmpty = true // from now on put may start another goroutine
			return
		}
		q.do(t)
	}
}

func (q *queue) do(t task) {
	defer func() {
		if value := recover(); value != nil {
			q.onPanic(t, value)
		}
	}()
	t.call()
}

// next returns the next task. If there is none, the goroutine ends.
func (q *queue) next() (t task, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch ordinary, conns := len(q.tasks) > 0, q.conns.count() > 0; {
	case conns && (!ordinary || q.conns.oldest() < q.tasks[0].number):
		q.current = q.conns.takeOldest()
	case ordinary:
		q.current = q.tasks[0]
		q.tasks[0] = task{} // for the garbage collector
		q.tasks = q.tasks[1:]
	default:
		q.tasks, q.conns, q.current = nil, connTasks{}, task{}
		q.isRunning, q.isLate = false, false
		if q.empty != nil {
			close(q.empty)
			q.empty = nil
		}
		return task{}, false
	}
	return q.current, true
}

// awaitEmpty waits until there is no task left, and reports whether that was before the deadline.
func (q *queue) awaitEmpty(until time.Time) bool {
	empty := q.whenEmpty()
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-empty:
	case <-timer.C: // also where the deadline has passed before, and the queue is empty
	}
	select {
	case <-empty:
		return true
	default:
		return false
	}
}

// whenEmpty returns a channel that is closed when there is no task left.
func (q *queue) whenEmpty() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.empty == nil {
		q.empty = make(chan struct{})
	}
	empty := q.empty
	if !q.isRunning {
		close(q.empty)
		q.empty = nil
	}
	return empty
}

// dropAll drops all tasks but the current one, which it returns.
func (q *queue) dropAll() (current task) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, t := range slices.Concat(q.tasks, q.conns.all()) {
		q.dropLocked(t)
	}
	q.tasks, q.conns = nil, connTasks{}
	return q.current
}

// keepsUp reports whether others should wait for a call.
func (q *queue) keepsUp() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return !q.isLate
}

// markLate records that others have waited for a call in vain.
func (q *queue) markLate() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.isLate = q.isRunning
}
