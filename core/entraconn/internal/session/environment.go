package session

import "time"

// An Environment tells a Session what does not show in the bytes: the time, and what the caller knows
// of our token, our user and the server. Its methods take no lock, block nowhere and call no Session.
type Environment interface {
	// LongestBlock returns the time, and for how long a command may block that is sent now, so that its
	// end leaves time for the next AUTH. What blocks longer is sent in slices. inFlight is the last AUTH
	// of ours in flight before the command, nil if none is.
	LongestBlock(inFlight Auth) (now time.Time, most time.Duration)
	// Now returns the time.
	Now() time.Time
	// IsOurUser reports whether AUTHs of ours name that user. inFlight is as in LongestBlock.
	IsOurUser(user string, inFlight Auth) bool
	// MayAskStreamEnd reports whether the server may be asked where a stream ends. It may not for some
	// time after Answers have said StreamEndForbidden.
	MayAskStreamEnd() bool
}
