package resp_test

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/internal/resp"
	"github.com/mediocregopher/radix/v4/resp/resp3"
)

// checkReplies compares what the scanner finds in a stream with the reference, and with what it finds when the stream is cut.
func checkReplies(t *testing.T, stream []byte, a, b int) {
	t.Helper()
	if len(stream) > 4096 {
		return // longer ones are slow to compare and say no more
	}
	whole, wholeErr := scanReplies(stream)
	checkPlain(t, stream, whole)
	in := bytes.NewReader(stream)
	r := bufio.NewReader(in)
	pos := func() int { return len(stream) - in.Len() - r.Buffered() }
	plain := !bytes.ContainsAny(stream, "|>")
	from := 0
	for _, fr := range whole {
		kind, err := reference(r, true)
		if err != nil || pos() != fr.End || kind != fr.Frame {
			t.Fatalf("scanner: %v ends at %d; reference: %v at %d, %v", fr.Frame, fr.End, kind, pos(), err)
		}
		if plain && !bytes.ContainsAny(bytes.ReplaceAll(stream[from:fr.End], []byte("\r\n"), nil), "\r\n") {
			var raw resp3.RawMessage
			if err := raw.UnmarshalRESP(bufio.NewReaderSize(bytes.NewReader(stream[from:]), 1<<16), nil); err == nil && len(raw) != fr.End-from {
				t.Fatalf("frame of %d bytes, radix says %d", fr.End-from, len(raw))
			}
		}
		from = fr.End
	}
	if kind, err := reference(r, true); err == nil {
		t.Fatalf("reference reads one more frame, %v up to %d, where the scanner says %v", kind, pos(), wholeErr)
	}
	for _, cut := range [][]int{everyByte(len(stream)), ordered(a, b, len(stream))} {
		got, err := scanReplies(stream, cut...)
		if (err == nil) != (wholeErr == nil) || !slices.Equal(got, whole) {
			t.Fatalf("cut at %v: %v, %v; whole: %v, %v", cut, got, err, whole, wholeErr)
		}
	}
}

// reference reads one frame by recursive descent, the way clients do, with the rule that pushes and attributes
// are never elements. It shares nothing with the scanner.
func reference(r *bufio.Reader, top bool) (f resp.Frame, err error) {
	line, err := r.ReadString('\n')
	for err == nil && !strings.HasSuffix(line, "\r\n") {
		var more string
		more, err = r.ReadString('\n')
		line += more
	}
	if err != nil {
		return 0, err
	}
	if len(line) < 3 {
		return 0, resp.ErrUnknown
	}
	body := line[1 : len(line)-2]
	size := func() int {
		n, e := strconv.ParseInt(body, 10, 62)
		if e != nil || body != strconv.FormatInt(n, 10) || n < -1 || len(body) > 18 || n == -1 && line[0] != '$' && line[0] != '*' {
			err = resp.ErrUnknown
		}
		return int(n)
	}
	elements := func(n int) {
		for i := 0; i < n && err == nil; {
			next, e := r.Peek(1)
			if err = e; err == nil {
				_, err = reference(r, false)
				if next[0] != '>' && next[0] != '|' {
					i++
				}
			}
		}
	}
	switch line[0] {
	case '+':
		f = resp.Status
	case '-':
		f = resp.Error
	case ':', ',', '(', '#', '_':
		f = resp.Value
	case '$', '=', '!':
		f = resp.Value
		if line[0] == '!' {
			f = resp.Error
		}
		if n := size(); err == nil && n >= 0 {
			_, err = io.CopyN(io.Discard, r, int64(n)+2)
		}
	case '*', '~':
		f = resp.Value
		if line[0] == '*' {
			f = resp.Array
		}
		elements(size())
	case '%':
		f = resp.Map
		elements(2 * size())
	case '|', '>':
		f = resp.Push
		n := size()
		if line[0] == '|' {
			n *= 2
		}
		if err == nil {
			// Inside these, as everywhere, pushes and attributes count for nothing.
			elements(n)
		}
		if line[0] == '|' && top && err == nil {
			for err == nil { // the value that the attributes belong to; pushes may come first
				next, e := r.Peek(1)
				if err = e; err == nil {
					f, err = reference(r, next[0] != '>')
					if next[0] != '>' {
						break
					}
				}
			}
		}
	default:
		err = resp.ErrUnknown
	}
	return f, err
}
