package resp

import (
	"bytes"
	"encoding/binary"
)

// valueEnd returns where the value ends that begins at p[at], or 0 if p does not hold it as a whole or its type is rare.
// Of an aggregate it takes the header only, and more is the number of values that follow.
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

// shortStrings takes strings at the start of p, at most so many, that are shorter than 100 bytes and lie there as a
// whole: most replies, and most values of aggregates. It returns where they end and how many they are.
//
// In many aggregates and pipelines all strings are of one length, or every second one. So after two of them it looks for
// more pairs with the same headers: what these say is known, and the processor need not have read one to go on with the next.
func shortStrings(p []byte, most uint64) (end int, took uint64) {
	for {
		first := shortString(p[end:])
		if first.size == 0 || took == most {
			return end, took
		}
		end += first.size
		took++
		second := shortString(p[end:])
		if second.size == 0 || took == most {
			return end, took
		}
		end += second.size
		took++
		pairs := samePairs(p[end:], first, second, (most-took)/2)
		end += int(pairs) * (first.size + second.size)
		took += 2 * pairs
	}
}

// samePairs returns how many pairs of strings, at most so many, lie at the start of p with these two headers.
func samePairs(p []byte, first, second stringHead, most uint64) (pairs uint64) {
	between, size := first.size, first.size+second.size
	for pairs < most && size <= len(p) && between <= len(p)-8 &&
		binary.LittleEndian.Uint64(p)&first.mask == first.head && binary.LittleEndian.Uint64(p[between:])&second.mask == second.head {
		p = p[size:]
		pairs++
	}
	return pairs
}

// A stringHead is the header of a short string as its first eight bytes say it, and what is to be looked at of them.
type stringHead struct {
	head, mask uint64
	size       int // of the string with its header, 0 if it is not there as a whole, or not short
}

// shortString reads the header of the string at the start of p.
func shortString(p []byte) stringHead {
	if len(p) < 8 || p[0] != '$' {
		return stringHead{}
	}
	b := binary.LittleEndian.Uint64(p)
	length, size := shortHeader(b)
	if size == 0 || size+length+2 > len(p) {
		return stringHead{}
	}
	mask := uint64(1)<<(8*size) - 1
	return stringHead{b & mask, mask, size + length + 2}
}
