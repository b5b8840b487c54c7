package adaptertest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A queue is one way to hand elements from one program to another, with a call that waits for the next. Elements are
// called "element 0" and so on.
type queue struct {
	prepare []string
	push    []string // the element follows
	pop     []string
	moves   bool // to the list that is pop's third word
}

// queues returns one for each kind of blocking command that the server knows, on keys that begin with name.
func (e *env) queues(name string) []queue {
	list, stream := name+":list", name+":stream"
	best, moved := name+":best", name+":moved"
	known := []queue{
		{push: []string{"RPUSH", list}, pop: []string{"BLPOP", list, "0"}},
		{push: []string{"LPUSH", moved}, pop: []string{"BRPOPLPUSH", moved, moved + ":to", "0"}, moves: true},
		{push: []string{"ZADD", best}, pop: []string{"BZPOPMIN", best, "0"}},
		{prepare: []string{"XGROUP", "CREATE", stream, "group", "0", "MKSTREAM"}, push: []string{"XADD", stream, "*", "field"},
			pop: []string{"XREADGROUP", "GROUP", "group", "consumer", "COUNT", "1", "BLOCK", "0", "STREAMS", stream, ">"}},
	}
	if e.dialect.Knows("BLMOVE") {
		moved += ":since 6.2"
		known = append(known, queue{push: []string{"RPUSH", moved}, pop: []string{"BLMOVE", moved, moved + ":to", "LEFT", "RIGHT", "0"}, moves: true})
	}
	if e.dialect.Knows("BZMPOP") {
		best += ":since 7.0"
		known = append(known, queue{push: []string{"ZADD", best}, pop: []string{"BZMPOP", "0", "1", best, "MIN"}})
	}
	return known
}

// pushing returns the command that pushes element n.
func (q queue) pushing(n int) []string {
	command := append([]string(nil), q.push...)
	if command[0] == "ZADD" {
		command = append(command, strconv.Itoa(n)) // the order of scores is that of elements
	}
	return append(command, fmt.Sprint("element ", n))
}

// elements returns the elements in a reply, wherever they stand in it.
func elements(reply any) []string {
	switch reply := reply.(type) {
	case string:
		if strings.HasPrefix(reply, "element ") {
			return []string{reply}
		}
	case []any:
		var all []string
		for _, part := range reply {
			all = append(all, elements(part)...)
		}
		return all
	}
	return nil
}

// fill pushes elements at random moments until stop is closed: some at once, some much later. It
// returns how many.
func (e *env) fill(client Client, q queue, stop <-chan struct{}) (int, error) {
	pauses := []time.Duration{0, e.life / 500, e.life / 2}
	if e.virtual {
		pauses = append(pauses, 3*e.life) // hours
	}
	for n := 0; ; n++ {
		timer := time.NewTimer(e.dice.upTo(pauses[e.dice.number(len(pauses))]))
		select {
		case <-timer.C:
		case <-stop:
			timer.Stop()
			if n > 0 { // else the machine was too busy for the first
				return n, nil
			}
		}
		if _, err := client.Do(e.ctx, q.pushing(n)...); err != nil {
			return n, fmt.Errorf("%s: %w", q.push[0], err)
		}
	}
}
