package lockrules

import "go/types"

// A hold says what one path through a function knows of a mutex: who has locked it.
//
// The path begins in every function with free, and in a Locked one with lockedByCaller: its name
// says so, and which mutexes those are shows in what the function uses. Lock and Unlock lead on
// from there:
//
//	free            --Lock-->   lockedHere      --Unlock--> free
//	lockedByCaller  --Unlock--> unlockedHere    --Lock-->   lockedByCaller
//
// A function returns in the state in which it was called. So a return where a mutex is lockedHere,
// unlockedHere or lockedOnSomePaths breaks a rule.
type hold uint8

const (
	free              hold = iota // nothing says that it is locked
	lockedHere                    // this function locked it
	lockedByCaller                // this function was called with it locked
	unlockedHere                  // this function was called with it locked, and has unlocked it
	lockedOnSomePaths             // of those that meet here
)

func (h hold) locked() bool { return h == lockedHere || h == lockedByCaller }

// A state is what is known at one point of a function: of each mutex, and of what is deferred until
// the function returns.
type state struct {
	holds       map[*types.Var]hold // a mutex that the function did not touch so far is missing
	deferred    []effect
	unreachable bool // no path comes here: it follows a return, for example
}

// An effect is what a call does to a mutex.
type effect struct {
	mutex *types.Var
	locks bool // else it unlocks
}

// after returns what is known after an effect. untouched is the hold of mutexes that are missing in
// holds.
func (s state) after(e effect, untouched hold) state {
	s = s.clone()
	switch now := s.holdOf(e.mutex, untouched); {
	case e.locks && now == unlockedHere:
		s.holds[e.mutex] = lockedByCaller
	case e.locks: // also lockedByCaller: nothing locks a mutex twice, so it is not one of those that the caller locked
		s.holds[e.mutex] = lockedHere
	case now == lockedByCaller:
		s.holds[e.mutex] = unlockedHere
	default:
		s.holds[e.mutex] = free
	}
	return s
}

func (s state) holdOf(mutex *types.Var, untouched hold) hold {
	if h, ok := s.holds[mutex]; ok {
		return h
	}
	return untouched
}

func (s state) clone() state {
	next := state{holds: map[*types.Var]hold{}, unreachable: s.unreachable}
	for mutex, h := range s.holds {
		next.holds[mutex] = h
	}
	next.deferred = append(next.deferred, s.deferred...)
	return next
}

// equals reports whether two states know the same of mutexes.
func (s state) equals(other state) bool {
	if s.unreachable != other.unreachable || len(s.holds) != len(other.holds) {
		return false
	}
	for mutex, h := range s.holds {
		if o, ok := other.holds[mutex]; !ok || o != h {
			return false
		}
	}
	return true
}

// merge returns what is known where two paths meet. untouched is the hold of mutexes that are
// missing in holds.
func merge(a, b state, untouched hold) state {
	if a.unreachable {
		return b.clone()
	}
	if b.unreachable {
		return a.clone()
	}
	both := a.clone()
	for mutex := range b.holds {
		both.holds[mutex] = a.holdOf(mutex, untouched)
	}
	for mutex, h := range both.holds {
		switch other := b.holdOf(mutex, untouched); {
		case h == other:
		case h == free && other == lockedByCaller, h == lockedByCaller && other == free:
			// One path locked and unlocked it, so it is not one of those that the caller locked.
			both.holds[mutex] = free
		default:
			both.holds[mutex] = lockedOnSomePaths
		}
	}
	if len(b.deferred) > len(both.deferred) {
		both.deferred = append([]effect(nil), b.deferred...)
	}
	return both
}
