package session

import "time"

// An Environment tells a Session what it must know of the world.
type Environment interface {
	// MayBlock returns the time, and for how long a command may block that is sent now. riding is
	// the AUTH of ours in flight before it, nil if none is.
	MayBlock(riding Auth) (now time.Time, most time.Duration)
	// Now returns the time.
	Now() time.Time
	// IsOurUser reports whether AUTHs of ours name that user. riding is the AUTH of ours in flight
	// before, nil if none is.
	IsOurUser(user string, riding Auth) bool
	// MayAskStreamEnd reports whether the server may be asked where a stream ends. It may not for some
	// time after Answers have said StreamEndForbidden.
	MayAskStreamEnd() bool
}
