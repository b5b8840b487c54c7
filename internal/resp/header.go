package resp

// header collects a length header that the stream cuts into pieces: type byte, number, CRLF.
type header struct {
	buf [1 + maxDigits + 2]byte
	len uint8
}

// add appends bytes of p until the header is complete or wrong. It returns how many it took, the type byte and
// the number; size is as number's, 0 while more is to come.
func (h *header) add(p []byte) (taken int, typ byte, n int64, size int) {
	for taken < len(p) && size == 0 {
		h.buf[h.len] = p[taken]
		h.len++
		taken++
		if h.len > 1 {
			n, size = number(h.buf[1:h.len])
		}
	}
	typ = h.buf[0]
	if size != 0 {
		h.len = 0
	}
	return taken, typ, n, size
}
