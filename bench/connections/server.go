package connections

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
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

// serve says its address, and then, for each line that comes, does what it asks for and says what it has seen: with the
// times of all AUTHs if the line is withTimes.
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
	for in := bufio.NewScanner(os.Stdin); in.Scan(); { // until the parent process closes it, or ends
		line := in.Text()
		if line == holdExpiry {
			seen.hold()
		}
		if nanos, found := strings.CutPrefix(line, expireUntil); found {
			until, err := strconv.ParseInt(nanos, 10, 64)
			if err != nil {
				return err
			}
			seen.expireUntil(time.Unix(0, until))
		}
		if err := out.Encode(seen.read(line == withTimes)); err != nil {
			return err
		}
	}
	return nil
}

// What a server is asked for.
const (
	withTimes   = "times"
	holdExpiry  = "hold"    // tokens expire on command from now on
	expireUntil = "expire " // and Unix nanoseconds: that is the command
)

// Seen is what a server has seen.
type seen struct {
	Logins  int           // connections that have logged in
	Auths   int           // AUTHs on connections that were logged in already
	Expired int           // connections closed because their token had expired
	Late    int           // AUTHs in the last tenth of the old token's life
	LateBy  time.Duration // after the beginning of that tenth, at most
	Times   []time.Time
}

// A tally is kept by a server.
type tally struct {
	mu sync.Mutex
	seen
	held    map[net.Conn]stamp // what connections hold if tokens expire on command, else nil
	waiting int                // calls that wait for others
	all     chan struct{}      // closed when none of them has to wait any more
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

// login counts an AUTH on a connection that holds a token, or none yet. It returns when the connection is to be closed.
func (t *tally) login(c net.Conn, old, next stamp) (deadline time.Time) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	deadline = next.expires
	if t.held != nil {
		t.held[c], deadline = next, time.Time{}
	}
	t.Times = append(t.Times, now)
	if old.expires.IsZero() {
		t.Logins++
		return deadline
	}
	t.Auths++
	if t.held != nil {
		return deadline // nothing is late
	}
	if by := now.Sub(old.expires.Add(-old.life / 10)); by > 0 {
		t.Late++
		t.LateBy = max(t.LateBy, by)
	}
	return deadline
}

func (t *tally) hold() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held = map[net.Conn]stamp{}
}

func (t *tally) expireUntil(until time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for c, holds := range t.held {
		if holds.expires.After(until) {
			continue
		}
		t.Expired++
		delete(t.held, c)
		_ = c.Close()
	}
}

func (t *tally) forget(c net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.held, c)
}

func (t *tally) expire() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Expired++
}

func (t *tally) answer(c net.Conn) {
	defer c.Close()
	defer t.forget(c)
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
			deadline := t.login(c, holds, next)
			holds = next
			if c.SetReadDeadline(deadline) != nil {
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
