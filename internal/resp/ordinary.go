package resp

import "math"

// ordinaryEnd returns where the ordinary command ends that begins at p[at], or 0 if Next must scan
// it. It takes any number of arguments and any length of the name.
func ordinaryEnd(p []byte, at int) (end int) {
	argc, size := anyHeader(p[at:])
	if size == 0 || argc < 1 || argc > math.MaxInt32 || p[at] != '*' {
		return 0
	}
	end, name := bulkString(p, at+size)
	if end == 0 || mayMatter(name) {
		return 0
	}
	for ; argc > 1; argc-- {
		if end, _ = bulkString(p, end); end == 0 {
			return 0
		}
	}
	return end
}

// commandOpening reads an opening such as "*2\r\n$3\r\n", with which nearly every command begins:
// at most 9 arguments, and a name of at most 9 letters. It returns the two numbers, or 0 for
// another opening.
func commandOpening(b uint64) (argc, name int) {
	const digits = 0xf<<8 | 0xf<<40
	const form = '*' | '0'<<8 | '\r'<<16 | '\n'<<24 | '$'<<32 | '0'<<40 | '\r'<<48 | '\n'<<56
	argc, name = int(b>>8&0xf), int(b>>40&0xf)
	if b&^digits != form || argc > 9 || name > 9 {
		return 0, 0
	}
	return argc, name
}
