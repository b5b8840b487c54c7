// Package resp finds the boundaries of commands and replies in a Redis connection's two byte
// streams, RESP2 and RESP3, however the bytes are cut.
//
// Both scanners are pure state machines: bytes go in, the end of the next command or frame comes
// out. They keep no payload, allocate nothing and skip strings by their length, so a value of a
// gigabyte costs what a value of one byte costs. Each has a fast path, Ordinary and Plain, for
// common commands and replies that are in the buffer as a whole. Where the fast path stops, the
// state machine continues. The scanners are strict: bytes that no Redis server or client would send
// are an error. After an error the caller must stop interpreting the stream, because the meaning of
// the following bytes is unknown.
package resp

import "errors"

// ErrUnknown is returned by the scanners for bytes that they cannot place. It is final for the stream.
var ErrUnknown = errors.New("resp: unknown protocol")

// maxDigits bounds the numbers in length headers, far above what memory holds and far below overflow.
const maxDigits = 17

// number reads the decimal number and CRLF at the start of p. It returns the number and its length
// with CRLF, 0 if p ends before that, or -1 if it is malformed. Redis accepts and sends neither
// leading zeros nor signs here, except in -1, which stands for null.
func number(p []byte) (n int64, size int) {
	i := 0
	for ; i < len(p); i++ {
		d := p[i] - '0'
		if d > 9 {
			break
		}
		n = n*10 + int64(d)
	}
	switch {
	case i > maxDigits || i > 1 && p[0] == '0':
		return 0, -1
	case i == len(p):
		return 0, 0
	case i == 0:
		return null(p)
	case p[i] != '\r':
		return 0, -1
	case i+1 == len(p):
		return 0, 0
	case p[i+1] != '\n':
		return 0, -1
	}
	return n, i + 2
}

// null reads "-1\r\n".
func null(p []byte) (n int64, size int) {
	const want = "-1\r\n"
	for i := range len(want) {
		if i == len(p) {
			return 0, 0
		}
		if p[i] != want[i] {
			return 0, -1
		}
	}
	return -1, len(want)
}
