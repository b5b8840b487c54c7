package connections

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"
)

// argument makes a program serve instead of doing what it is for.
const argument = "serve-answers"

// Serve serves if this process was started to, and reports whether it was. main calls it first. What it serves answers
// at once, closes connections when their token expires, and knows nothing else: a Redis server with ten thousand
// connections would be what is measured.
func Serve() (served bool) {
	if len(os.Args) != 2 || os.Args[1] != argument {
		return false
	}
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "connections:", err)
		os.Exit(1)
	}
	return true
}

// serve says its address, and then, for each line that comes, what it has seen: with the times of all AUTHs if the line
// asks for them.
func serve() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	var seen tally
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go seen.answer(c)
		}
	}()
	out := json.NewEncoder(os.Stdout)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); { // until whoever started us closes it, or is gone
		if err := out.Encode(seen.read(in.Text() == withTimes)); err != nil {
			return err
		}
	}
	return nil
}

const withTimes = "times"

// Seen is what a server has seen.
type seen struct {
	Logins  int           // connections that have logged in
	Auths   int           // AUTHs on connections that were logged in already
	Expired int           // connections closed because their token had expired
	Late    int           // AUTHs in the last tenth of the old token's life
	LateBy  time.Duration // behind the beginning of that tenth, at most
	Times   []time.Time
}

// A tally is kept by a server.
type tally struct {
	mu sync.Mutex
	seen
	waiting int           // calls that wait for others
	all     chan struct{} // closed when none of them has to wait any more
}

func (t *tally) read(times bool) seen {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.seen
	if !times {
		s.Times = nil
	}
	return s
}

// login counts an AUTH on a connection that holds a token, or none yet.
func (t *tally) login(old stamp) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Times = append(t.Times, now)
	if old.expires.IsZero() {
		t.Logins++
		return
	}
	t.Auths++
	if by := now.Sub(old.expires.Add(-old.life / 10)); by > 0 {
		t.Late++
		t.LateBy = max(t.LateBy, by)
	}
}

func (t *tally) expire() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Expired++
}

func (t *tally) answer(c net.Conn) {
	defer c.Close()
	var holds stamp
	for r := bufio.NewReaderSize(c, 256); ; {
		args, err := readCommand(r)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.expire()
		}
		if err != nil || len(args) == 0 {
			return
		}
		text, password := reply(args)
		if next, err := parseStamp(password); err == nil {
			t.login(holds)
			holds = next
			if c.SetReadDeadline(next.expires) != nil {
				return
			}
		}
		if args[0] == "blpop" {
			t.await(args[1], args[2])
		}
		if _, err := c.Write([]byte(text)); err != nil {
			return
		}
	}
}

// await waits until so many calls wait, or seconds have passed.
func (t *tally) await(calls, seconds string) {
	n, _ := strconv.Atoi(calls)
	patience, _ := strconv.ParseFloat(seconds, 64) // of what is no number nothing is waited for
	t.mu.Lock()
	if t.all == nil {
		t.all = make(chan struct{})
	}
	all := t.all
	if t.waiting++; t.waiting >= n {
		close(all)
		t.all, t.waiting = nil, 0
	}
	t.mu.Unlock()
	timer := time.NewTimer(time.Duration(patience * float64(time.Second)))
	defer timer.Stop()
	select {
	case <-all:
	case <-timer.C:
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.all == all {
			t.waiting--
		}
	}
}
