package resp

import "encoding/binary"

// bulkString returns the bulk string that begins at p[at], and where it ends, or 0 if p does not
// hold it as a whole.
func bulkString(p []byte, at int) (end int, arg []byte) {
	if at >= len(p) || p[at] != '$' {
		return 0, nil
	}
	length, size := 0, 0
	if len(p)-at >= 8 {
		length, size = shortHeader(binary.LittleEndian.Uint64(p[at:]))
	}
	if size == 0 {
		length, size = anyHeader(p[at:])
	}
	at += size
	if size == 0 || length < 0 || length > len(p)-at-2 {
		return 0, nil
	}
	return at + length + 2, p[at : at+length]
}

// shortHeader reads a length header of one or two digits, such as "$3\r\n", from its first eight
// bytes. It ignores the type byte. It returns the number and the length of the header, which is 0
// if the header is another one.
func shortHeader(b uint64) (n, size int) {
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

// anyHeader reads the length header at the start of p, of any length, and -1 for null. It ignores
// the type byte. size is the length of the header. It is 0 if the header is incomplete or
// malformed, or its number is greater than len(p): then p does not hold the whole value.
func anyHeader(p []byte) (n, size int) {
	l, size := number(p[1:])
	if size <= 0 || l > int64(len(p)) {
		return 0, 0
	}
	return int(l), 1 + size
}
