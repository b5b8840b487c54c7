package entratest

import (
	"io"
	"math"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// socketBuffer is how many bytes may be under way in one direction before a writer waits.
const socketBuffer = 64 << 10

// unbounded is for the replies of a server that, like Redis, keeps what its client does not read.
const unbounded = math.MaxInt

// A stream is one direction of a connection: bytes in order, between one reading and one writing end.
type stream struct {
	limit  int
	change sync.Cond // anything that mu guards has changed
	// writing keeps concurrent Writes whole, as the kernel does; it is held while a Write waits for room.
	writing turn

	mu sync.Mutex
	// buf[off:] is under way. Taking bytes off the front moves off, and the array is used again once it is empty.
	buf    []byte
	off    int
	reader end
	writer end
	reset  bool // by either end: nothing more is delivered
}

// An end is what one side of a stream has done to it.
type end struct {
	closed  bool
	expired bool // the deadline has passed
	timer   *time.Timer
}

func (e *end) close() {
	e.closed = true
	if e.timer != nil {
		e.timer.Stop()
	}
}

func newStream(limit int) *stream {
	s := &stream{limit: limit, writing: make(turn, 1)}
	s.change.L = &s.mu
	return s
}

// A turn is a mutex that testing/synctest sees through: it counts a goroutine waiting for a sync.Mutex as running.
type turn chan struct{}

func (t turn) take()    { t <- struct{}{} }
func (t turn) release() { <-t }

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.reader.closed:
			return 0, net.ErrClosed
		case s.reset:
			return 0, syscall.ECONNRESET
		case s.reader.expired:
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case s.off < len(s.buf):
			n := copy(p, s.buf[s.off:])
			s.off += n
			if s.off == len(s.buf) {
				s.buf, s.off = s.buf[:0], 0
			}
			s.change.Broadcast()
			return n, nil
		case s.writer.closed:
			return 0, io.EOF
		}
		s.change.Wait()
	}
}

func (s *stream) write(p []byte) (int, error) {
	s.writing.take()
	defer s.writing.release()
	s.mu.Lock()
	defer s.mu.Unlock()
	written := 0
	for {
		switch {
		case s.writer.closed:
			return written, net.ErrClosed
		case s.reset:
			return written, syscall.ECONNRESET
		case s.reader.closed:
			return written, syscall.EPIPE
		case s.writer.expired:
			return written, os.ErrDeadlineExceeded
		case written == len(p):
			return written, nil
		}
		room := s.limit - (len(s.buf) - s.off)
		if room <= 0 {
			s.change.Wait()
			continue
		}
		if s.off > 0 && len(s.buf)+len(p) > cap(s.buf) {
			s.buf = append(s.buf[:0], s.buf[s.off:]...)
			s.off = 0
		}
		n := min(room, len(p)-written)
		s.buf = append(s.buf, p[written:written+n]...)
		written += n
		s.change.Broadcast()
		if written == len(p) {
			return written, nil
		}
	}
}

func (s *stream) closeRead(reset bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reader.close()
	s.reset = s.reset || reset
	s.buf, s.off = nil, 0
	s.change.Broadcast()
}

func (s *stream) closeWrite(reset bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writer.close()
	s.reset = s.reset || reset
	s.change.Broadcast()
}

func (s *stream) setReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.setDeadlineLocked(&s.reader, t)
}

func (s *stream) setWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.setDeadlineLocked(&s.writer, t)
}

// setDeadlineLocked arms the deadline of one end. A zero t means none, a past one ends waiting calls at once.
// It needs mu.
func (s *stream) setDeadlineLocked(e *end, t time.Time) error {
	if e.closed {
		return net.ErrClosed
	}
	if e.timer != nil {
		e.timer.Stop()
		e.timer = nil
	}
	e.expired = false
	if t.IsZero() {
		return nil
	}
	left := time.Until(t)
	if left <= 0 {
		e.expired = true
		s.change.Broadcast()
		return nil
	}
	var timer *time.Timer
	timer = time.AfterFunc(left, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if e.timer == timer { // else a later deadline has taken its place
			e.expired = true
			s.change.Broadcast()
		}
	})
	e.timer = timer
	return nil
}
