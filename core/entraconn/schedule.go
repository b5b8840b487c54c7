package entraconn

import (
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// What happens when, as pure functions. All constants are meant for tokens that live half an hour or longer and
// shrink with shorter lives, so that a token of a second is renewed as a token of an hour is.

const fullLife = 30 * time.Minute

func scaled(d, life time.Duration) time.Duration {
	if life >= fullLife {
		return d
	}
	return time.Duration(float64(d) * float64(max(life, 0)) / float64(fullLife))
}

const (
	// A rotation longer than this helps the server no further.
	longestWindow = 10 * time.Minute
	// A rotation that starts too late for the guidance is still spread a little.
	lateWindow = 30 * time.Second
)

// window returns how long the AUTHs of a rotation may be spread from now on, when the connections hold old: up to
// the moment by which all should be renewed, or a little if that has passed.
func window(old entra.Token, now time.Time) time.Duration {
	life := old.Lifetime()
	late := min(scaled(lateWindow, life), old.ExpiresOn().Sub(now)/2)
	return max(0, min(max(old.RenewBy().Sub(now), late), scaled(longestWindow, life)))
}

// slot returns when in the window the i-th of n connections is due: evenly, with jitter inside its share. r is in
// [0, 1). The last share ends before the window does, so that the AUTH has time to find its place and its answer.
func slot(i, n int, window, linger time.Duration, r float64) time.Duration {
	span := max(window-4*linger, window/2)
	return time.Duration((float64(i) + r) / float64(n) * float64(span))
}

// linger returns how long an AUTH that is due waits for a write of the host to ride in.
func linger(life time.Duration) time.Duration {
	// 50 ms is far below any window and far above the pauses of a connection that is in use.
	return max(scaled(50*time.Millisecond, life), 200*time.Microsecond)
}

// canaryPatience returns how long to wait for the verdict on the canary before another one is chosen as well: the
// first may be blocked or lost.
func canaryPatience(life time.Duration) time.Duration {
	return max(scaled(time.Second, life), 2*time.Millisecond)
}

// retryDelay returns the pause after the n-th refusal in a row, counted from 1: 1 s, doubled up to 30 s, with half
// of it at random. r is in [0, 1).
func retryDelay(n int, life time.Duration, r float64) time.Duration {
	d := min(time.Second<<min(n-1, 5), 30*time.Second)
	d = max(scaled(d, life), time.Millisecond)
	return d/2 + time.Duration(r*float64(d/2))
}

// retireAt returns when a connection that cannot be renewed is ended in order: a little before the server does it
// in the middle of something.
func retireAt(tok entra.Token) time.Time {
	return tok.ExpiresOn().Add(-scaled(20*time.Second, tok.Lifetime()))
}

// answerPatience bounds the wait for an answer that is the next reply. Longer than any pause of a server that lives
// (a failover, a slow script), shorter than the guard of 3 minutes.
const answerPatience = time.Minute

// How long we look at an idle connection for the answer to its AUTH. A host that comes to read waits no longer
// than it would have waited for that answer anyway.
const (
	firstLook   = time.Millisecond
	longestLook = 10 * time.Millisecond
)

// ownWriteTimeout bounds a lone AUTH's write. A connection on which everything was answered takes it at once, unless
// its peer is gone.
const ownWriteTimeout = 10 * time.Second

// shortestSlice is for tokens that live some milliseconds. Redis answers when a timeout has passed, and up to 100 ms
// later if it has nothing else to do.
const shortestSlice = 5 * time.Millisecond

// sliceLength returns for how long a command may block that is sent now on a connection logged in with tok: to an end
// in the last minutes before the connection should have the next token, when there is one as a rule; later than that,
// 10 to 30 s, to see whether there is one now. r is in [0, 1), so that connections that began to block together do not
// all come back together.
func sliceLength(tok entra.Token, now time.Time, r float64) time.Duration {
	life := tok.Lifetime()
	spread := scaled(longestWindow-lateWindow, life)
	end := tok.RenewBy().Add(-scaled(lateWindow, life) - time.Duration(r*float64(spread)))
	short := scaled(10*time.Second+time.Duration(r*float64(20*time.Second)), life)
	return max(end.Sub(now), short, shortestSlice).Round(time.Millisecond)
}
