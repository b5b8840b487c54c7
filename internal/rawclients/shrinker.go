package rawclients

import "time"

// Shrink returns the smallest script that it finds within a time in which differs still reports true.
func Shrink(s *Script, within time.Duration, differs func(*Script) bool) *Script {
	shrinker := &shrinker{smallest: s, until: time.Now().Add(within), differs: differs}
	for shrinker.steps() || shrinker.commands() || shrinker.options() || shrinker.cuts() || shrinker.arguments() {
		continue
	}
	return shrinker.smallest
}

// A shrinker tries smaller scripts. Each of its ways returns true once it has found one.
type shrinker struct {
	smallest *Script
	until    time.Time
	differs  func(*Script) bool
}

// try takes a smaller script if it still differs.
func (s *shrinker) try(change func(*Script)) bool {
	if time.Now().After(s.until) {
		return false
	}
	smaller := s.smallest.clone()
	change(smaller)
	if !s.differs(smaller) {
		return false
	}
	s.smallest = smaller
	return true
}

// steps leaves out steps: half of them, a quarter, and so on down to one.
func (s *shrinker) steps() bool {
	for size := (len(s.smallest.Steps) + 1) / 2; size > 0; size /= 2 {
		for from := len(s.smallest.Steps) - size; from >= 0; from -= size {
			if s.try(func(smaller *Script) { smaller.Steps = append(smaller.Steps[:from], smaller.Steps[from+size:]...) }) {
				return true
			}
		}
	}
	return false
}

// commands leaves out one command of a step with several.
func (s *shrinker) commands() bool {
	for i, step := range s.smallest.Steps {
		for k := len(step.Commands) - 1; k >= 0 && len(step.Commands) > 1; k-- {
			if s.try(func(smaller *Script) {
				smaller.Steps[i].Commands = append(smaller.Steps[i].Commands[:k], smaller.Steps[i].Commands[k+1:]...)
			}) {
				return true
			}
		}
	}
	return false
}

// options sets an option to what is usual.
func (s *shrinker) options() bool {
	return s.smallest.Polls && s.try(func(smaller *Script) { smaller.Polls = false }) ||
		s.smallest.SeparateLogin && s.try(func(smaller *Script) { smaller.SeparateLogin = false }) ||
		s.smallest.Rights != AllRights && s.try(func(smaller *Script) { smaller.Rights = AllRights })
}

// cuts writes a step in one, and the next one at once.
func (s *shrinker) cuts() bool {
	for i, step := range s.smallest.Steps {
		if step.Renews && s.try(func(smaller *Script) { smaller.Steps[i].Renews = false }) {
			return true
		}
		if len(step.Cuts) > 0 && s.try(func(smaller *Script) { smaller.Steps[i].Cuts = nil }) {
			return true
		}
		for k := range step.Cuts {
			if len(step.Cuts) > 1 && s.try(func(smaller *Script) {
				smaller.Steps[i].Cuts = append(smaller.Steps[i].Cuts[:k], smaller.Steps[i].Cuts[k+1:]...)
			}) {
				return true
			}
		}
	}
	return false
}

// arguments makes long ones short, and leaves out the last one of a command.
func (s *shrinker) arguments() bool {
	for i, step := range s.smallest.Steps {
		for k, command := range step.Commands {
			for j, arg := range command.Args {
				if len(arg) > longWord && s.try(func(smaller *Script) { smaller.Steps[i].Commands[k] = command.with(j, "v") }) {
					return true
				}
			}
			if last := len(command.Args) - 1; last > 0 && s.try(func(smaller *Script) {
				smaller.Steps[i].Commands[k] = Command{Args: command.Args[:last:last]}
			}) {
				return true
			}
		}
	}
	return false
}
