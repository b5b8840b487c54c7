package entraconn_test

import (
	"bytes"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/tidwall/redcon"
)

// dice are thrown by many.
type dice struct {
	mu  sync.Mutex
	rnd *rand.Rand
}

func (d *dice) below(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rnd.IntN(n)
}

func (d *dice) oneIn(n int) bool { return d.below(n) == 0 }

// within returns a duration shorter than most, if that is more than nothing.
func (d *dice) within(most time.Duration) time.Duration {
	return time.Duration(d.below(int(max(most, 1))))
}

// A simulatedLine is the server's end of a connection, on a network that cuts what it carries anywhere, and is in no hurry.
type simulatedLine struct {
	net.Conn
	dice *dice
	slow time.Duration // the longest that a piece is under way
	out  chan string
	in   chan arrival
	gone chan struct{} // closed when the other end was
	all  sync.WaitGroup
}

// An arrival is what has come to the server's door. The server may take its time until it opens.
type arrival struct {
	bytes []byte
	at    time.Time
}

// mostUnderWay is more than ever is.
const mostUnderWay = 1 << 14

// serve gives each command that arrives to run, with the time when it was at the door.
func (l *simulatedLine) serve(run func(args []string, at time.Time)) {
	l.out, l.in, l.gone = make(chan string, mostUnderWay), make(chan arrival, mostUnderWay), make(chan struct{})
	l.all.Go(l.speak)
	l.all.Go(func() {
		defer close(l.gone)
		defer close(l.in)
		for p := make([]byte, 4096); ; {
			n, err := l.Read(p)
			if err != nil {
				return
			}
			l.in <- arrival{bytes.Clone(p[:n]), time.Now()}
		}
	})
	l.all.Go(func() {
		var rest []byte
		for a := range l.in {
			l.dawdle()
			for rest = append(rest, a.bytes...); ; {
				complete, args, _, behind, err := redcon.ReadNextCommand(rest, nil)
				if err != nil {
					panic(err)
				}
				if !complete {
					break
				}
				words := make([]string, len(args))
				for i, a := range args {
					words[i] = string(a)
				}
				rest = bytes.Clone(behind)
				run(words, a.at)
			}
		}
	})
}

// say waits for nobody, so that the server may be locked.
func (l *simulatedLine) say(words string) {
	select {
	case l.out <- words:
	case <-l.gone:
	}
}

func (l *simulatedLine) speak() {
	for {
		var words string
		select {
		case <-l.gone:
			return
		case words = <-l.out:
		}
		for len(l.out) > 0 && !l.dice.oneIn(3) {
			words += <-l.out
		}
		for len(words) > 0 {
			n := len(words)
			if !l.dice.oneIn(3) {
				n = 1 + l.dice.below(n)
			}
			l.dawdle()
			if _, err := l.Write([]byte(words[:n])); err != nil {
				return
			}
			words = words[n:]
		}
	}
}

func (l *simulatedLine) dawdle() {
	if l.dice.oneIn(2) {
		elapse(1 + l.dice.within(l.slow)) // after any sleep at all, the other end has seen what came before
	}
}

func (l *simulatedLine) close() {
	l.all.Wait()
	l.Close()
}
