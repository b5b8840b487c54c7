package session

// A scratch holds what a session needs only while something of ours is under way, once in an hour:
// its memory is given back when the answer was taken.
type scratch struct {
	pad *scratchpad // nil while nothing of ours is under way
}

type scratchpad struct {
	edits    []Edit    // result of Plan
	unblocks []Unblock // in what was planned
	// collected returns what has been read of the reply that is collected. It is a function, because
	// a server may repeat the token there, and printers follow pointers and print unexported bytes.
	collected func() []byte
	verdicts  []Verdict // that the caller has not taken yet
}

// maxAnswer bounds what is kept of the server's words about an AUTH.
const maxAnswer = 512

func (s *scratch) ensure() *scratchpad {
	if s.pad == nil {
		s.pad = &scratchpad{}
	}
	return s.pad
}

// forgetEdits makes room for those of another Plan.
func (s *scratch) forgetEdits() {
	if s.pad != nil {
		s.pad.edits = s.pad.edits[:0]
	}
}

func (s *scratch) addEdit(e Edit) {
	pad := s.ensure()
	pad.edits = append(pad.edits, e)
}

func (s *scratch) planned() []Edit {
	if s.pad == nil {
		return nil
	}
	return s.pad.edits
}

func (s *scratch) addUnblock(u Unblock) {
	pad := s.ensure()
	pad.unblocks = append(pad.unblocks, u)
}

func (s *scratch) takeUnblocks() (all []Unblock) {
	if s.pad == nil {
		return nil
	}
	all, s.pad.unblocks = s.pad.unblocks, nil
	return all
}

// beginAnswer forgets the answer before.
func (s *scratch) beginAnswer() {
	s.ensure().collected = nil
}

// collect adds a piece to the answer that was begun.
func (s *scratch) collect(piece []byte) {
	all := s.collectedReply()
	if len(all) == maxAnswer {
		return
	}
	all = append(all, piece[:min(len(piece), maxAnswer-len(all))]...)
	s.ensure().collected = func() []byte { return all }
}

// collectedReply returns what was collected. It is valid until discard or beginAnswer.
func (s *scratch) collectedReply() []byte {
	if s.pad == nil || s.pad.collected == nil {
		return nil
	}
	return s.pad.collected()
}

func (s *scratch) addVerdict(v Verdict) {
	pad := s.ensure()
	pad.verdicts = append(pad.verdicts, v)
}

func (s *scratch) takeVerdicts() (all []Verdict) {
	if s.pad == nil {
		return nil
	}
	all, s.pad.verdicts = s.pad.verdicts, nil
	return all
}

// discard gives the memory back, unless a verdict waits in it.
func (s *scratch) discard() {
	if s.pad != nil && len(s.pad.verdicts) == 0 {
		s.pad = nil
	}
}
