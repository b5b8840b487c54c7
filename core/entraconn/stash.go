package entraconn

// A stash is what we met for the host while we looked for an answer of ours. While there is nothing, which is nearly
// always, it takes no more than a pointer.
type stash struct{ bytes *[]byte }

func (s *stash) len() int {
	if s.bytes == nil {
		return 0
	}
	return len(*s.bytes)
}

// add puts a copy of b behind what is there.
func (s *stash) add(b []byte) {
	if len(b) == 0 {
		return
	}
	if s.bytes == nil {
		s.bytes = new([]byte)
	}
	*s.bytes = append(*s.bytes, b...)
}

// take moves what is there to p, as much as fits.
func (s *stash) take(p []byte) (n int) {
	if s.bytes == nil {
		return 0
	}
	n = copy(p, *s.bytes)
	if *s.bytes = (*s.bytes)[n:]; len(*s.bytes) == 0 {
		s.bytes = nil
	}
	return n
}
