package adaptertest

import (
	"bytes"
	"strconv"
)

// Frames knows where replies and pushes begin in what a server sends. It reads RESP by other code than the library, so
// that one mistake cannot hide in both. It knows no attributes, which no server sends here.
type frames struct {
	line []byte // of which the end is still to come
	skip int    // bytes of a string, and the line end after it
	left []int  // values of the arrays that are open
}

func (f *frames) atBoundary() bool { return len(f.line) == 0 && f.skip == 0 && len(f.left) == 0 }

func (f *frames) take(p []byte) {
	for len(p) > 0 {
		if f.skip > 0 {
			n := min(f.skip, len(p))
			p = p[n:]
			if f.skip -= n; f.skip == 0 {
				f.endValue()
			}
			continue
		}
		end := bytes.IndexByte(p, '\n') + 1
		if end == 0 {
			f.line = append(f.line, p...)
			return
		}
		line := append(f.line, p[:end]...)
		f.line, p = nil, p[end:]
		f.takeLine(string(line[:1]), string(bytes.TrimSpace(line[1:])))
	}
}

func (f *frames) takeLine(kind, rest string) {
	n, _ := strconv.Atoi(rest) // that of a status is of no interest
	switch {
	case (kind == "$" || kind == "=" || kind == "!") && n >= 0:
		f.skip = n + len("\r\n")
	case (kind == "*" || kind == "~" || kind == ">") && n > 0:
		f.left = append(f.left, n)
	case kind == "%" && n > 0:
		f.left = append(f.left, 2*n)
	default:
		f.endValue()
	}
}

func (f *frames) endValue() {
	for len(f.left) > 0 {
		last := len(f.left) - 1
		if f.left[last]--; f.left[last] > 0 {
			return
		}
		f.left = f.left[:last]
	}
}
