package resp

// header collects a length header that the stream cuts into pieces: type byte, number, CRLF.
type header struct {
	buf [1 + maxDigits + 2]byte
	len uint8
}

// add appends bytes of p until the header is complete. It returns how many it took and, once complete, the type
// byte and the number; size is as number's.
func (h *header) add(p []byte) (taken int, typ byte, n int64, size int) {
	for taken < len(p) {
		if int(h.len) == len(h.buf) {
			return taken, 0, 0, -1
		}
		h.buf[h.len] = p[taken]
		h.len++
		taken++
		if p[taken-1] != '\n' {
			continue
		}
		n, size = number(h.buf[1:h.len])
		if size == 0 {
			size = -1
		}
		typ = h.buf[0]
		h.len = 0
		return taken, typ, n, size
	}
	return taken, 0, 0, 0
}
