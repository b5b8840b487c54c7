package entraconn_test

import (
	"bytes"
	"net"
	"sync"
	"time"

	"github.com/tidwall/redcon"
)

// A simulatedLine is the server's end of a connection, on a network that cuts what it carries
// anywhere, and delays it.
type simulatedLine struct {
	net.Conn
	dice *dice
	slow time.Duration // the longest time that a piece takes
	out  chan string
	in   chan arrival
	gone chan struct{} // closed when the other end has closed the connection
	all  sync.WaitGroup
}

// An arrival is what the server has received and may read later.
type arrival struct {
	bytes []byte
	at    time.Time
}

// lineCapacity is more than the pieces of a simulation that are on their way at once.
const lineCapacity = 1 << 14

// serve calls run with each command, and the time when it arrived.
func (l *simulatedLine) serve(run func(args []string, at time.Time)) {
	l.out, l.in, l.gone = make(chan string, lineCapacity), make(chan arrival, lineCapacity), make(chan struct{})
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
				complete, args, _, after, err := redcon.ReadNextCommand(rest, nil)
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
				rest = bytes.Clone(after)
				run(words, a.at)
			}
		}
	})
}

// say does not block, so that the caller may hold the lock of the server.
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
		elapse(1 + l.dice.within(l.slow)) // after any sleep, the other end has seen what came before
	}
}

func (l *simulatedLine) close() {
	l.all.Wait()
	l.Close()
}
