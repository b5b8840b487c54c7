package livepage

import "fmt"

// A mark tells which server of several is in trouble, and how.
type mark struct {
	Level level  `json:"level"`
	Text  string `json:"text"`
}

// urgency orders servers: those in trouble come first.
func (m *mark) urgency() int {
	switch {
	case m == nil:
		return 0
	case m.Level == bad:
		return 2
	}
	return 1
}

// marksOf returns the worst mark of each server.
func marksOf(all []setback) map[string]*mark {
	marks := make(map[string]*mark, len(all))
	for _, s := range all {
		if m := markOf(s); m.urgency() > marks[s.server].urgency() {
			marks[s.server] = m
		}
	}
	return marks
}

func markOf(s setback) *mark {
	asked := "the new token"
	if s.login {
		asked = "logins"
	}
	switch s.rebuff {
	case unable:
		return &mark{watch, fmt.Sprintf("answers %s to %s", named(s.word), asked)}
	case silent:
		return &mark{watch, "did not answer the last login"}
	case refused:
	}
	m := &mark{watch, "refuses " + asked}
	if s.login {
		m.Level = bad
	}
	if s.word != "" {
		m.Text += " (" + s.word + ")"
	}
	return m
}
