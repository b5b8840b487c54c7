package entra

import "slices"

// connTasks are the tasks of a queue about openings and closings of connections, the oldest first.
// They may be more than maxQueued, by as many connections as there are at a time.
//
// No opening is dropped without its closing, so that an observer that counts connections counts right.
// What that costs does not depend on the number of tasks, because senders of events wait for it.
type connTasks struct {
	tasks    []*task // those without a call were dropped; never the first
	dropped  int     // of these
	openings map[connEvent]*task
}

// A connEvent says that a connection was opened or closed.
type connEvent struct {
	library, pool, addr string
	id                  uint64
	change              connChange
}

type connChange uint8

const (
	connUnchanged connChange = iota
	connIsOpen
	connIsClosed
)

// opening returns the event that a closing undoes.
func (e connEvent) opening() connEvent {
	e.change = connIsOpen
	return e
}

// count returns the number of tasks.
func (c *connTasks) count() int { return len(c.tasks) - c.dropped }

// oldest returns the number of the oldest task. There must be one.
func (c *connTasks) oldest() uint64 { return c.tasks[0].number }

func (c *connTasks) put(t task) {
	c.tasks = append(c.tasks, &t)
	if t.conn.change == connIsOpen {
		if c.openings == nil {
			c.openings = map[connEvent]*task{}
		}
		c.openings[t.conn] = &t
	}
}

// takeOldest removes the oldest task. There must be one.
func (c *connTasks) takeOldest() task {
	t := *c.tasks[0]
	c.removeLink(c.tasks[0])
	c.dropped++
	c.tasks[0].call = nil
	c.sweep()
	return t
}

// takeOpening removes the opening that a closing undoes, and reports whether it was there.
func (c *connTasks) takeOpening(closing connEvent) (opening task, found bool) {
	t := c.openings[closing.opening()]
	if t == nil {
		return task{}, false
	}
	opening = *t
	c.removeLink(t)
	*t = task{number: t.number}
	c.dropped++
	c.sweep()
	return opening, true
}

// removeLink has takeOpening not find a task any more.
func (c *connTasks) removeLink(t *task) {
	if c.openings[t.conn] == t {
		delete(c.openings, t.conn)
	}
}

// sweep removes tasks without a call from the front, and all of them once they are as many as the others.
func (c *connTasks) sweep() {
	for len(c.tasks) > 0 && c.tasks[0].call == nil {
		c.tasks[0] = nil // for the garbage collector
		c.tasks = c.tasks[1:]
		c.dropped--
	}
	if c.dropped > len(c.tasks)/2 {
		c.tasks = slices.DeleteFunc(c.tasks, func(t *task) bool { return t.call == nil })
		c.dropped = 0
	}
}

// all returns all tasks.
func (c *connTasks) all() (tasks []task) {
	for _, t := range c.tasks {
		if t.call != nil {
			tasks = append(tasks, *t)
		}
	}
	return tasks
}
