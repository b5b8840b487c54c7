package forward

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// farewell is how long a client may take to close its side when the Server has closed its own: a socket
	// that is closed with unread bytes in it takes back what it has sent. It is also how long a cache may take
	// to close its side when it has answered QUIT.
	farewell = time.Second
	// patience is how long a cache may stay silent that has yet to answer QUIT to a client that has
	// closed. Redis answers as soon as it has run the commands before it.
	patience = 30 * time.Second
)

// A link is the connection of one client and the connection to the cache that belongs to it. run takes
// commands to the cache, returnReplies takes replies to the client.
type link struct {
	client   net.Conn
	commands commands
	leave    leave // of the cache

	draining     atomic.Bool // the Server drains
	impatient    atomic.Bool // the client has closed, and waits for the last replies
	answered     atomic.Bool // the client has got a byte
	repliesEnded atomic.Bool // the replies have ended
	served       atomic.Bool // the client has got all that it gets

	mu    sync.Mutex
	cache net.Conn // nil before the first command
	isCut bool
}

func newLink(client net.Conn) *link {
	return &link{client: client, leave: leave{answer: quitReply}, commands: commands{client: client, buf: make([]byte, chunkSize)}}
}

// run serves the client until its connection has ended, and returns why it was not served, if so.
func (l *link) run(ctx context.Context, dial Dial) Failure {
	defer l.cut()
	first, ending := l.read()
	if len(first) == 0 { // the client has gone, or the first thing that it says is not sent on
		return l.sayFarewell(ending)
	}
	cache, err := dial(ctx, l.leave.wrap)
	if err != nil {
		return l.sayFarewell(&dialError{err})
	}
	if !l.connect(cache) {
		return ""
	}
	if _, err := cache.Write(first); err != nil { // with the login: no reply will come
		return l.sayFarewell(err)
	}
	replies := make(chan error, 1)
	go func() { replies <- l.returnReplies(cache) }()
	if ending == nil {
		ending = l.sendCommands(cache)
	}
	switch {
	case errors.Is(ending, errOver), errors.Is(ending, errWrite): // what the cache has sent before can still be read
	case l.mayLeave(ending):
		l.quit(cache, ending)
	default:
		l.cut()
	}
	end := <-replies
	reason := l.unanswered(end)
	refused := errors.Is(ending, errLogin) || errors.Is(ending, errUnreadable)
	if why, _ := explain(reason); why == "" && refused && !isTimeout(end) { // the client has the replies to all commands before
		reason = ending
	}
	return l.sayFarewell(reason)
}

// unanswered returns err if the client has got no reply.
func (l *link) unanswered(err error) error {
	if l.answered.Load() {
		return nil
	}
	return err
}

var (
	// errWrite is in the error of a write to the cache.
	errWrite = errors.New("forward: the cache takes no more")
	// errOver means that the replies have ended.
	errOver = errors.New("forward: the cache sends no more")
)

// connect takes the connection to the cache, and reports false if the link was cut meanwhile.
func (l *link) connect(cache net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isCut {
		_ = cache.Close()
		return false
	}
	l.cache = cache
	return true
}

// cut ends both connections at once.
func (l *link) cut() {
	l.mu.Lock()
	cache := l.cache
	l.isCut = true
	l.mu.Unlock()
	_ = l.client.Close()
	if cache != nil {
		_ = cache.Close()
	}
}

// drain has the link end when the commands that it has read are answered.
func (l *link) drain() {
	l.draining.Store(true)
	l.wake()
}

// wake interrupts the read of run.
func (l *link) wake() { _ = l.client.SetReadDeadline(time.Unix(1, 0)) }

// read returns what the client sends next, and why nothing comes after it.
func (l *link) read() ([]byte, error) {
	for {
		p, err := l.commands.next(l.draining.Load())
		if !isTimeout(err) {
			return p, err
		}
		// It was woken. What has woken it may come again from here on, so this order matters.
		_ = l.client.SetReadDeadline(time.Time{})
		switch {
		case l.repliesEnded.Load():
			return p, errOver
		case len(p) > 0:
			return p, nil
		}
	}
}

// sendCommands sends what the client says to the cache, and returns what has ended it.
func (l *link) sendCommands(cache net.Conn) error {
	for {
		p, ending := l.read()
		if len(p) > 0 {
			if _, err := cache.Write(p); err != nil {
				return errors.Join(errWrite, err)
			}
		}
		if ending != nil {
			return ending
		}
	}
}

// mayLeave reports whether the client gets the replies that are still to come.
func (l *link) mayLeave(ending error) bool {
	if errors.Is(ending, io.EOF) {
		return l.commands.betweenCommands() && !l.commands.blocked
	}
	return errors.Is(ending, errDrained) || errors.Is(ending, errLogin) || errors.Is(ending, errUnreadable)
}

// quit has the cache end the connection when it has answered everything. While replies are off Redis answers no QUIT, and
// does not end the connection either.
func (l *link) quit(cache net.Conn, ending error) {
	words := "*1\r\n$4\r\nQUIT\r\n"
	if l.commands.silent {
		words = "*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$2\r\nON\r\n" + words
		l.leave.answer += quitReply
	}
	l.leave.asked.Store(true)
	if !errors.Is(ending, errDrained) {
		l.impatient.Store(true)
		_ = cache.SetReadDeadline(time.Now().Add(patience))
	}
	_, _ = cache.Write([]byte(words)) // if it fails the connection has ended already
}

// returnReplies takes what the cache sends to the client, until one of them ends it, and returns why.
func (l *link) returnReplies(cache net.Conn) error {
	defer func() {
		l.repliesEnded.Store(true)
		l.wake()
		_ = cache.Close() // may take a while if the cache no longer reads
	}()
	buf := make([]byte, chunkSize)
	held := 0 // bytes of the answer to QUIT, or of a reply that looks like it
	for {
		l.limitRead(cache, held)
		n, err := cache.Read(buf[held:])
		p := buf[:held+n]
		switch {
		case l.leave.ended.Load():
			err = io.EOF
		case held > 0 && isTimeout(err): // the end would have followed the answer to QUIT
			held, err = 0, nil
		}
		if n > 0 && l.leave.asked.Load() {
			held = heldBack(p, l.leave.answer)
		}
		if err != nil && held > 0 && held < len(l.leave.answer) {
			held = 0
		}
		if given := p[:len(p)-held]; len(given) > 0 {
			l.answered.Store(true)
			if _, failed := l.client.Write(given); failed != nil {
				return failed
			}
		}
		if err != nil {
			return err
		}
		copy(buf, p[len(p)-held:])
	}
}

// limitRead bounds the next read of a cache that was asked to end the connection.
func (l *link) limitRead(cache net.Conn, held int) {
	switch {
	case !l.leave.asked.Load():
	case held > 0:
		_ = cache.SetReadDeadline(time.Now().Add(farewell))
	case l.impatient.Load():
		_ = cache.SetReadDeadline(time.Now().Add(patience))
	default: // a Server that drains has a deadline of its own
		_ = cache.SetReadDeadline(time.Time{})
	}
}

const quitReply = "+OK\r\n"

// heldBack returns how many bytes at the end of p may be this answer, or its start.
func heldBack(p []byte, answer string) int {
	n := min(len(p), len(answer))
	for !bytes.HasSuffix(p, []byte(answer[:n])) {
		n--
	}
	return n
}

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// sayFarewell ends the client's connection: after an error if the client has got no reply because of
// reason, and after the time that it takes to read it.
func (l *link) sayFarewell(reason error) Failure {
	why, line := explain(reason)
	if line != "" {
		_, _ = l.client.Write([]byte("-" + line + "\r\n")) // a client that has gone needs none
	}
	l.served.Store(true)
	half, ok := l.client.(interface{ CloseWrite() error })
	if ok && half.CloseWrite() == nil && l.client.SetReadDeadline(time.Now().Add(farewell)) == nil {
		_, _ = io.Copy(io.Discard, l.client)
	}
	return why
}
