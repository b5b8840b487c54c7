package rawclients

import (
	"bytes"
	"slices"
	"strconv"
)

// frameEnd returns where the frame ends that begins at p[at]: a reply with its attributes, or a push.
// It returns -1 if p ends before that or the bytes are no frame. It shares nothing with the scanners
// of the connection that is judged.
func frameEnd(p []byte, at int) int {
	line := bytes.Index(p[at:], []byte("\r\n"))
	if line < 1 {
		return -1
	}
	typ, digits, end := p[at], string(p[at+1:at+line]), at+line+2
	switch typ {
	case '+', '-', ':', '_', '#', ',', '(':
		return end
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		return -1
	}
	switch typ {
	case '$', '=', '!':
		if n < 0 {
			return end
		}
		if end += n + 2; end > len(p) {
			return -1
		}
		return end
	case '%', '|':
		n *= 2
	case '*', '~', '>':
	default:
		return -1
	}
	for i := 0; i < n; {
		if end >= len(p) {
			return -1
		}
		element := p[end]
		if end = frameEnd(p, end); end < 0 {
			return -1
		}
		if element != '>' { // which may stand anywhere, and is no element
			i++
		}
	}
	if typ == '|' { // the value that the attributes belong to
		if end >= len(p) {
			return -1
		}
		return frameEnd(p, end)
	}
	return end
}

// frames splits p into whole frames. What is after them is the rest.
func frames(p []byte) (whole [][]byte, rest []byte) {
	for len(p) > 0 {
		end := frameEnd(p, 0)
		if end < 0 {
			return whole, p
		}
		whole, p = append(whole, p[:end]), p[end:]
	}
	return whole, nil
}

// frameStart returns where the frame begins that p[at] is in, or at if the bytes before are no frames.
func frameStart(p []byte, at int) int {
	for start := 0; start < at; {
		end := frameEnd(p, start)
		if end < 0 || end > at {
			return start
		}
		start = end
	}
	return at
}

// reduce returns what is compared of the bytes that a client has read in a step.
func reduce(p []byte, form Form) []byte {
	if form == Bytes {
		return p
	}
	whole, rest := frames(p)
	var b []byte
	for _, frame := range whole {
		switch typ := frame[0]; {
		case typ == '-' || typ == '!':
			b = append(b, frame...)
		case form == Kinds:
			b = append(b, '+', typ, '\r', '\n')
		default:
			b = append(b, sorted(frame)...)
		}
	}
	return append(b, rest...)
}

// sorted returns an aggregate with its elements in order.
func sorted(frame []byte) []byte {
	switch frame[0] {
	case '*', '~', '%':
		header := bytes.Index(frame, []byte("\r\n")) + 2
		elements, rest := frames(frame[header:])
		slices.SortFunc(elements, bytes.Compare)
		return append(append(slices.Clone(frame[:header]), bytes.Join(elements, nil)...), rest...)
	}
	return frame
}
