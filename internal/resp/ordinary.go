package resp

import "math"

// uncommon returns where the ordinary command ends that begins at p[at], 0 if Next has to look at it. It is for more
// arguments and longer names than opening knows.
func uncommon(p []byte, at int) (end int) {
	argc, size := long(p[at:])
	if size == 0 || argc < 1 || argc > math.MaxInt32 || p[at] != '*' {
		return 0
	}
	end, name := argument(p, at+size)
	if end == 0 || mayMatter(name) {
		return 0
	}
	for ; argc > 1; argc-- {
		if end, _ = argument(p, end); end == 0 {
			return 0
		}
	}
	return end
}

// opening reads "*2\r\n$3\r\n", with which nearly every command begins: up to 9 arguments, a name of up to 9 letters.
// It returns 0 for another one.
func opening(b uint64) (argc, name int) {
	const digits = 0xf<<8 | 0xf<<40
	const form = '*' | '0'<<8 | '\r'<<16 | '\n'<<24 | '$'<<32 | '0'<<40 | '\r'<<48 | '\n'<<56
	argc, name = int(b>>8&0xf), int(b>>40&0xf)
	if b&^digits != form || argc > 9 || name > 9 {
		return 0, 0
	}
	return argc, name
}
