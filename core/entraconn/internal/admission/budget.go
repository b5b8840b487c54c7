package admission

import (
	"slices"
	"time"
)

// longestWait is a fifth of what go-redis and rueidis give a dial.
const longestWait = time.Second

// WaitBudget returns for how long the login gate and the dial spreading may keep one connection
// waiting, in all: a second, or a quarter of the time that is available besides a handshake as slow
// as the slowest of the last ones, and its login. A caller without a deadline passes the largest
// Duration.
func WaitBudget(available, slowestHandshake time.Duration) time.Duration {
	// A handshake takes three round trips, one for TCP and two for TLS 1.2, and the login one more.
	return max(0, min(longestWait, (available-slowestHandshake*4/3)/4))
}

// Regrow returns the budget of a connection of whose budget so much remains, and which its client has
// not used for some time since. What it has waited before that belongs to another call.
func Regrow(remaining, unused time.Duration) time.Duration { return min(longestWait, remaining+unused) }

// RefusalTime returns how long a dial that the login gate refuses must take at least: as long as one
// that the server refuses, because a caller that cannot wait at the gate and tries again would
// otherwise do so in no time. It leaves a quarter of the time that is available, so that the caller
// learns the reason.
func RefusalTime(available, slowestHandshake time.Duration) time.Duration {
	return min(longestWait, slowestHandshake, available/4*3)
}

// Handshakes remembers how long the last ten dials took that succeeded, and the fastest of all. The
// zero Handshakes is ready for use.
type Handshakes struct {
	durations [10]time.Duration // of that with number n at index n % 10
	recorded  int
	fastest   time.Duration
}

// unknownHandshake stands for a handshake before the first. It is long, so that a dial in a hurry
// does not wait.
const unknownHandshake = 100 * time.Millisecond

// Record is told how long a dial took.
func (h *Handshakes) Record(took time.Duration) {
	h.durations[h.recorded%len(h.durations)] = took
	if h.recorded == 0 || took < h.fastest {
		h.fastest = took
	}
	h.recorded++
}

// Slowest returns the longest of them, and 100 ms if there is none.
func (h *Handshakes) Slowest() time.Duration {
	if h.recorded == 0 {
		return unknownHandshake
	}
	return slices.Max(h.durations[:])
}

// handshakeQueue is how much longer than the fastest handshake one takes that waits for the server's processor
// behind a few others.
const handshakeQueue = partSpan

// AreQuick reports whether none of the last ten has waited for the server.
func (h *Handshakes) AreQuick() bool {
	return h.recorded > 0 && h.Slowest() <= h.fastest+handshakeQueue
}
