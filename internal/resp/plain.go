package resp

import (
	"bytes"
	"encoding/binary"
)

// valueEnd returns where the value ends that begins at p[at], or 0 if p does not hold it as a whole
// or its type is rare. Of an aggregate it takes the header only, and more is the number of values
// that follow.
func valueEnd(p []byte, at int) (end, more int) {
	if at >= len(p) {
		return 0, 0
	}
	switch p[at] {
	case '+', '-', ':', '_', '#', ',':
		eol := bytes.IndexByte(p[at:], '\n')
		if eol < 0 || p[at+eol-1] != '\r' {
			return 0, 0
		}
		return at + eol + 1, 0
	case '$':
		if length, size := anyHeader(p[at:]); length < 0 {
			return at + size, 0
		}
		end, _ = bulkString(p, at)
		return end, 0
	case '*', '%', '~':
		values, size := anyHeader(p[at:])
		if size == 0 || values < 0 {
			return 0, 0
		}
		if p[at] == '%' {
			values *= 2
		}
		return at + size, values
	}
	return 0, 0
}

// shortStrings takes strings at the start of p, at most so many, that are shorter than 100 bytes
// and that p holds as a whole: most replies, and most values of aggregates. It returns where they
// end and how many they are.
//
// It expects each string to have the header of the one two before, as in a pipeline of equal reads
// or in a hash of fields and values. Then the processor need not wait for a header to know where
// the next string begins: HGETALL costs a client 2 % less.
func shortStrings(p []byte, most uint64) (end int, took uint64) {
	var expected [2]stringHeader
	for took < most && len(p)-end >= 8 {
		header := &expected[took%2]
		if first := binary.LittleEndian.Uint64(p[end:]); header.size == 0 || first&header.mask != header.bytes {
			length, size := shortHeader(first)
			if size == 0 || p[end] != '$' {
				break
			}
			mask := uint64(1)<<(8*size) - 1
			*header = stringHeader{first & mask, mask, size + length + 2}
		}
		if header.size > len(p)-end {
			break
		}
		end += header.size
		took++
	}
	return end, took
}

// A stringHeader is the header of a short string.
type stringHeader struct {
	bytes uint64 // among the string's first eight, the others zero
	mask  uint64 // of bytes
	size  int    // of the string with its header; 0 if there is none yet
}
