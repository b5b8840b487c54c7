package entraconn_test

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
)

// A transcript is what the client has to read, byte for byte: all that the server said, but not in
// answer to us. Whether the client gets the null at the end of a slice shows later: not if the
// command comes again.
type transcript struct {
	frames []said
	rest   []byte // that the client has read, and that is not compared yet
	fault  func(format string, args ...any)

	cancelled int // calls that were unblocked between two slices
}

// A said is a frame that the server has said, or the part of it that the client has not read.
type said struct {
	words string
	push  bool           // may come anywhere between replies
	call  *simulatedCall // of which this null ended a slice, nil for another frame
}

const unblockedWords = "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"

func (t *transcript) add(f said) { t.frames = append(t.frames, f) }

// sentAgain is told that a call was sent again: the client must not have read the null of its last
// slice.
func (t *transcript) sentAgain(call *simulatedCall) {
	for i, f := range t.frames {
		if f.call == call {
			t.frames = append(t.frames[:i:i], t.frames[i+1:]...)
			return
		}
	}
	t.fault("%s is sent again, and the client has read an answer", call.key)
}

// read compares what the client has read with what the server has said.
func (t *transcript) read(p []byte) {
	t.rest = append(t.rest, p...)
	for len(t.rest) > 0 {
		if len(t.frames) == 0 {
			t.fault("the client reads %q, which the server did not say", t.rest)
			t.rest = nil
			return
		}
		f := &t.frames[0]
		if f.call != nil {
			if n, wait := t.endOfCall(f); wait {
				return
			} else if n > 0 {
				t.take(n)
				continue
			}
			// A push may come before the end of the call, but nothing else.
			if len(t.frames) > 1 && t.frames[1].push {
				t.frames[0], t.frames[1] = t.frames[1], t.frames[0]
				continue
			}
			t.fault("the client reads %q instead of the end of %v", t.rest, f.call)
			t.rest = nil
			return
		}
		n := min(len(f.words), len(t.rest))
		if f.words[:n] != string(t.rest[:n]) {
			t.fault("the client reads %q instead of %q", t.rest, f.words)
			t.rest = nil
			return
		}
		if t.rest, f.words = t.rest[n:], f.words[n:]; f.words == "" {
			t.frames = t.frames[1:]
		}
	}
}

func (t *transcript) take(n int) { t.rest, t.frames = t.rest[n:], t.frames[1:] }

// endOfCall returns the length of the reply that ends a call, if the client has read that, and
// reports whether it may have read the start of one.
func (t *transcript) endOfCall(f *said) (length int, wait bool) {
	for reply, words := range map[lease.Reply]string{lease.NullReply: f.words, lease.UnblockedReply: unblockedWords} {
		switch {
		case bytes.HasPrefix(t.rest, []byte(words)):
			if f.call.unblocking != lease.NoReply {
				t.cancelled++
			}
			if why := f.call.mayEnd(reply); why != "" {
				t.fault("%v ends with %q: %s", f.call, words, why)
			}
			return len(words), false
		case strings.HasPrefix(words, string(t.rest)):
			wait = true
		}
	}
	return 0, wait
}

// The forms in which a server says things.

func bulk(s string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(s), s) }

func nullIn(proto int) string {
	if proto == 3 {
		return "_\r\n"
	}
	return "*-1\r\n"
}

func pushIn(proto int, elements ...string) string {
	head := "*"
	if proto == 3 {
		head = ">"
	}
	return fmt.Sprint(head, len(elements), "\r\n", strings.Join(elements, ""))
}
