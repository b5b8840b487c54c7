package lockrules

import "go/types"

// held says what a path knows of a mutex.
type held uint8

const (
	unlocked  held = iota
	locked         // by the function itself
	inherited      // the function was called with it
	released       // the function was called with it and unlocked it
	mixed          // locked on some of the paths that meet here
)

// has reports whether the mutex is locked.
func (h held) has() bool { return h == locked || h == inherited }

// A state is what is known of all mutexes at one point of a function, and what is deferred until it returns. A mutex that
// was not touched is missing: it is as it was when the function was called.
type state struct {
	mutexes  map[*types.Var]held
	deferred []effect
	dead     bool // no path comes here
}

// An effect is what a call does to a mutex.
type effect struct {
	mutex *types.Var
	locks bool // else it unlocks
}

// apply returns what is known after the effect. initial is what holds for mutexes that were not touched.
func (s state) apply(e effect, initial held) state {
	s = s.clone()
	switch now := s.of(e.mutex, initial); {
	case e.locks && now == released:
		s.mutexes[e.mutex] = inherited
	case e.locks: // also a mutex that seemed inherited: nothing locks one twice
		s.mutexes[e.mutex] = locked
	case now == inherited:
		s.mutexes[e.mutex] = released
	default:
		s.mutexes[e.mutex] = unlocked
	}
	return s
}

func (s state) of(m *types.Var, initial held) held {
	if h, ok := s.mutexes[m]; ok {
		return h
	}
	return initial
}

func (s state) clone() state {
	next := state{mutexes: map[*types.Var]held{}, dead: s.dead}
	for m, h := range s.mutexes {
		next.mutexes[m] = h
	}
	next.deferred = append(next.deferred, s.deferred...)
	return next
}

// merge returns what is known where two paths meet. initial is what holds for mutexes that a path did not touch.
func merge(a, b state, initial held) state {
	if a.dead {
		return b.clone()
	}
	if b.dead {
		return a.clone()
	}
	both := a.clone()
	for m := range b.mutexes {
		both.mutexes[m] = a.of(m, initial)
	}
	for m, h := range both.mutexes {
		switch other := b.of(m, initial); {
		case h == other:
		case h == unlocked && other == inherited, h == inherited && other == unlocked:
			both.mutexes[m] = unlocked // it only seemed inherited: on one of the paths the function locked and unlocked it
		default:
			both.mutexes[m] = mixed
		}
	}
	if len(b.deferred) > len(both.deferred) {
		both.deferred = append([]effect(nil), b.deferred...)
	}
	return both
}
