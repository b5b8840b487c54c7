package session

// An outlet takes what is for the client. It fills the client's buffer from the start, where what
// was read has made room, and what finds no room there goes after it.
type outlet struct {
	p     []byte
	kept  int
	after []byte
}

// forward takes a piece of the buffer as it is.
func (o *outlet) forward(from, to int) {
	switch {
	case len(o.after) > 0:
		o.after = append(o.after, o.p[from:to]...)
		return
	case o.kept != from:
		copy(o.p[o.kept:], o.p[from:to])
	}
	o.kept += to - from
}

// put takes other bytes, which may overwrite the buffer up to free.
func (o *outlet) put(b []byte, free int) {
	if len(o.after) == 0 && o.kept+len(b) <= free {
		o.kept += copy(o.p[o.kept:], b)
		return
	}
	o.after = append(o.after, b...)
}
