package entratest

import "strings"

// A mute leaves out replies, as CLIENT REPLY says.
type mute struct {
	off  bool
	skip bool // the next one
}

// next reports whether the reply of the command that begins now is left out.
func (m *mute) next() bool {
	skip := m.skip
	m.skip = false
	return skip
}

// set is CLIENT REPLY. It reports whether it is known, and whether it has a reply itself.
func (m *mute) set(mode string) (replies, known bool) {
	switch strings.ToUpper(mode) {
	case "ON":
		*m = mute{}
		return true, true
	case "OFF":
		m.off = true
		return false, true
	case "SKIP":
		m.skip = !m.off
		return false, true
	}
	return false, false
}
