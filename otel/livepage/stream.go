package livepage

import (
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"
)

const (
	// A stream gets a snapshot at least this often. Time alone changes the state of tokens, and
	// scripts do not see the comments of an event stream. The page says that it hears nothing when
	// two snapshots are missing.
	heartbeat = 5 * time.Second
	// A stream waits this long after an event for more of them, so that a storm makes four
	// snapshots a second.
	gather = 250 * time.Millisecond
	// Streams share a snapshot that is not older than this. It is less than gather, so that it has what was rung for.
	shareable = 200 * time.Millisecond
	// Longer than a phone needs to change its network.
	writeTimeout = 10 * time.Second
)

// serveEvents streams until the request ends, the reader does not keep up, or the page is closed.
func (p *Page) serveEvents(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if r.Method == http.MethodHead {
		h.Set("Content-Type", "text/event-stream")
		return
	}
	select {
	case <-p.closed:
		http.Error(w, "This page has been closed: the process is about to end.", http.StatusServiceUnavailable)
		return
	default:
	}
	ear, ok := p.bell.listen()
	if !ok {
		h.Set("Retry-After", "30")
		http.Error(w, "Too many people watch this page: close one, or look at the snapshot.", http.StatusServiceUnavailable)
		return
	}
	defer p.bell.leave(ear)

	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would hold back what we write
	s := stream{w: w, control: http.NewResponseController(w)}
	// The server's ReadTimeout, which still runs, would end the request. Where there are no deadlines there is none.
	_ = s.control.SetReadDeadline(time.Time{})
	if s.send([]byte("retry: 3000\n\n"), p.frames.latest(p)) != nil {
		return // a ResponseWriter that cannot flush: the page got one snapshot, and asks for the next by itself
	}
	beat := time.NewTimer(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-ear:
			beat.Reset(gather)
			select {
			case <-beat.C:
			case <-r.Context().Done():
				return
			case <-p.closed:
				return
			}
		case <-beat.C:
		case <-r.Context().Done():
			return
		case <-p.closed:
			return
		}
		if s.send(p.frames.latest(p)) != nil {
			return
		}
		beat.Reset(heartbeat)
	}
}

// A stream is one reader of the events.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// send writes and flushes. The server's WriteTimeout is replaced by one that begins with each write.
func (s stream) send(parts ...[]byte) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	for _, part := range parts {
		if _, err := s.w.Write(part); err != nil {
			return err
		}
	}
	if err := s.control.Flush(); err != nil {
		return err
	}
	// Over HTTP/2 a deadline that passes ends the stream even if nothing is being written.
	_ = s.control.SetWriteDeadline(time.Time{})
	return nil
}

// frames keeps the latest snapshot as streams send it, so that they share the work.
type frames struct {
	mu   sync.Mutex
	made time.Time
	data []byte
}

func (f *frames) latest(p *Page) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if f.data != nil && now.Sub(f.made) < shareable {
		return f.data
	}
	encoded, err := json.Marshal(p.snapshot(now))
	if err != nil { // there is nothing in it that could not be encoded
		encoded = []byte("{}")
	}
	data := make([]byte, 0, len(encoded)+len("data: \n\n"))
	data = append(data, "data: "...)
	data = append(data, encoded...)
	f.data, f.made = append(data, "\n\n"...), now
	return f.data
}
