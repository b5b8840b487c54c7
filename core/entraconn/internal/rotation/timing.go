package rotation

import (
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// What happens when, as pure functions. All constants are meant for tokens that live half an hour
// or longer and shrink with shorter lives, so that a token of a second is renewed as a token of an
// hour is.

// fullLife is that of package schedule's Scale, so that a token is renewed by the Source and on its
// connections in the same proportion.
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
	// A rotation that starts too late to end 3 minutes before the expiry is still spread a little.
	lateWindow = 30 * time.Second
)

// Window returns how long the AUTHs of a rotation may be spread from now on, when the connections
// have old: up to the moment by which all should be renewed, or a little if that has passed.
func Window(old entra.Token, now time.Time) time.Duration {
	life := old.Lifetime()
	late := min(scaled(lateWindow, life), old.ExpiresOn().Sub(now)/2)
	return max(0, min(max(old.RenewBy().Sub(now), late), scaled(longestWindow, life)))
}

// Slot returns when in the window the i-th of n connections is due: evenly, with jitter inside its
// share. r is in [0, 1). The last share ends before the window does, so that the AUTH has time to
// find its place and its answer.
func Slot(i, n int, window, linger time.Duration, r float64) time.Duration {
	span := max(window-4*linger, window/2)
	return time.Duration((float64(i) + r) / float64(n) * float64(span))
}

// Linger returns how long an AUTH that is due waits for a write of the client to ride in.
func Linger(life time.Duration) time.Duration {
	// 50 ms is far below any window and far above the pauses of a connection that is in use.
	return max(scaled(50*time.Millisecond, life), 200*time.Microsecond)
}

// CanaryPatience returns how long to wait for the answer to the canary before another one is chosen
// as well: the first may be blocked or lost.
func CanaryPatience(life time.Duration) time.Duration {
	return max(scaled(time.Second, life), 2*time.Millisecond)
}

// RetryDelay returns the pause after the n-th refusal in a row, counted from 1: 1 s, doubled up to
// 30 s, with half of it at random. r is in [0, 1).
func RetryDelay(n int, life time.Duration, r float64) time.Duration {
	d := min(time.Second<<min(n-1, 5), 30*time.Second)
	d = max(scaled(d, life), time.Millisecond)
	return d/2 + time.Duration(r*float64(d/2))
}

// RetireAt returns when a connection that cannot be renewed is retired: a little before the server
// closes it in the middle of something.
func RetireAt(tok entra.Token) time.Time {
	return tok.ExpiresOn().Add(-scaled(20*time.Second, tok.Lifetime()))
}

// Pause returns how long after its n-th try, counted from 0, a worker looks for the answer to an
// AUTH again. It doubles, so that neither an answer that is about to come waits long, nor one that
// does not come costs much. After a minute without an answer it is 10 s, because a thousand
// connections may wait until their token expires.
func Pause(n int) time.Duration {
	if n >= 70 {
		return 10 * time.Second
	}
	return min(time.Millisecond<<min(n, 10), time.Second)
}

// LookTime returns how long it looks in that try. A client that comes to read waits no longer than
// it would have waited for that answer anyway.
func LookTime(n int) time.Duration {
	return min(time.Millisecond<<min(n, 10), 10*time.Millisecond)
}

// AfterSlice returns how long after the end of a slice a worker looks whether the client has read
// that. Redis answers up to 100 ms late if it has nothing else to do.
func AfterSlice(life time.Duration) time.Duration {
	return max(scaled(time.Second, life), 2*time.Millisecond)
}

// shortestSlice is for tokens that live some milliseconds. Redis answers when a timeout has passed,
// and up to 100 ms later if it has nothing else to do.
const shortestSlice = 5 * time.Millisecond

// SliceLength returns for how long a command may block that is sent now on a connection logged in
// with tok: to an end in the last minutes before the connection should have the next token, when
// there is one as a rule; later than that, 10 to 30 s, to see whether there is one now. r is in [0,
// 1), so that connections that began to block together do not all come back together.
func SliceLength(tok entra.Token, now time.Time, r float64) time.Duration {
	life := tok.Lifetime()
	spread := scaled(longestWindow-lateWindow, life)
	lastEnd := tok.RenewBy().Add(-scaled(lateWindow, life) - time.Duration(r*float64(spread)))
	short := scaled(10*time.Second+time.Duration(r*float64(20*time.Second)), life)
	return max(lastEnd.Sub(now), short, shortestSlice).Round(time.Millisecond)
}
