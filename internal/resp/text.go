package resp

// A text collects a length header, or the start of a word, that may come in pieces.
type text struct {
	buf [1 + maxDigits + 2]byte
	len uint8
}

// maxWord is how many bytes of a word are kept. Every command, option or push that matters here is
// shorter, so a word of that length equals none of them.
const maxWord = 16

// header appends bytes of p until the header is complete or wrong. It returns how many it took, the type byte and
// the number; size is as number's, 0 while more is to come.
func (t *text) header(p []byte) (taken int, typ byte, n int64, size int) {
	for taken < len(p) && size == 0 {
		t.buf[t.len] = p[taken]
		t.len++
		taken++
		if t.len > 1 {
			n, size = number(t.buf[1:t.len])
		}
	}
	typ = t.buf[0]
	if size != 0 {
		t.len = 0
	}
	return taken, typ, n, size
}

// word appends a piece of a string of which skip bytes, its CRLF included, were still to come.
func (t *text) word(p []byte, taken, skip int64) {
	if payload := min(taken, skip-2); payload > 0 {
		t.len += uint8(copy(t.buf[t.len:maxWord], p[:payload]))
	}
}

// take returns the word and begins a new text.
func (t *text) take() []byte {
	w := t.buf[:t.len]
	t.len = 0
	return w
}
