package resp

import "encoding/binary"

// argument returns the bulk string that begins at p[at], and where it ends, 0 if it does not lie there as a whole.
func argument(p []byte, at int) (end int, arg []byte) {
	if at >= len(p) || p[at] != '$' {
		return 0, nil
	}
	length, size := 0, 0
	if len(p)-at >= 8 {
		length, size = short(binary.LittleEndian.Uint64(p[at:]))
	}
	if size == 0 {
		length, size = long(p[at:])
	}
	at += size
	if size == 0 || length < 0 || length > len(p)-at-2 {
		return 0, nil
	}
	return at + length + 2, p[at : at+length]
}

// short reads a length header of one or two digits, "$3\r\n", which nearly all are; its type byte it does not look at.
// It returns the number and how long the header is, 0 for another one.
func short(b uint64) (n, size int) {
	const crlf = '\r' | '\n'<<8
	n = int(b>>8&0xff) - '0'
	if b>>16&0xffff == crlf && uint(n) <= 9 {
		return n, 4
	}
	second := int(b>>16&0xff) - '0'
	if b>>24&0xffff == crlf && uint(n-1) < 9 && uint(second) <= 9 {
		return 10*n + second, 5
	}
	return 0, 0
}

// long is short for any length header, at the start of p, null's too, which is -1. It returns 0 also for one whose number is
// greater than len(p), so that what it is the length of cannot lie there as a whole.
func long(p []byte) (n, size int) {
	l, size := number(p[1:])
	if size <= 0 || l > int64(len(p)) {
		return 0, 0
	}
	return int(l), 1 + size
}
