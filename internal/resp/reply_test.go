package resp_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mediocregopher/radix/v4/resp/resp3"

	"github.com/entraredis/entraredis/internal/resp"
)

type frame struct {
	End   int
	Frame resp.Frame
	Says  resp.Confirmation
}

func scanReplies(stream []byte, cuts ...int) (got []frame, err error) {
	var s resp.ReplyScanner
	from := 0
	for _, to := range append(cuts, len(stream)) {
		for p := stream[from:to]; len(p) > 0; {
			n, f, err := s.Next(p)
			if err != nil {
				return got, err
			}
			switch {
			case f == resp.Push:
				got = append(got, frame{to - len(p) + n, f, s.Confirmed()})
			case f != resp.None:
				got = append(got, frame{to - len(p) + n, f, resp.Confirmation{}})
			case n != len(p):
				panic("took only a part without an end")
			}
			p = p[n:]
		}
		from = to
	}
	return got, nil
}

func TestFrames(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	for _, tc := range []struct {
		stream string
		want   resp.Frame
	}{
		{"+OK\r\n", resp.Status},
		{"+\r\n", resp.Status},
		{"+a\rb\nc\r\r\n", resp.Status},
		{"-ERR " + long + "\r\n", resp.Error},
		{"!5\r\nE\r\nxx\r\n", resp.Error},
		{":-12\r\n", resp.Value},
		{"(" + long[:100_000] + "\r\n", resp.Value},
		{",inf\r\n", resp.Value},
		{"#t\r\n", resp.Value},
		{"_\r\n", resp.Value},
		{"$-1\r\n", resp.Value},
		{"$0\r\n\r\n", resp.Value},
		{"$6\r\n+OK\r\n-\r\n", resp.Value},
		{"=7\r\ntxt:abc\r\n", resp.Value},
		{"*-1\r\n", resp.Array},
		{"*0\r\n", resp.Array},
		{"*2\r\n*1\r\n:1\r\n*0\r\n", resp.Array},
		{"%1\r\n+k\r\n*2\r\n:1\r\n$-1\r\n", resp.Map},
		{"~2\r\n:1\r\n:2\r\n", resp.Value},
		{strings.Repeat("*1\r\n", 5000) + ":1\r\n", resp.Array},
		{"|1\r\n+ttl\r\n:3600\r\n+OK\r\n", resp.Status},
		{"|1\r\n+ttl\r\n*1\r\n:1\r\n|0\r\n%1\r\n:1\r\n:2\r\n", resp.Map},
		{"*2\r\n|1\r\n+a\r\n+b\r\n:1\r\n:2\r\n", resp.Array},
		{"*2\r\n>2\r\n+invalidate\r\n*1\r\n+k\r\n:1\r\n>1\r\n+x\r\n:2\r\n", resp.Array}, // as in EXEC's reply
		{"*1\r\n>2\r\n>1\r\n:0\r\n+a\r\n+b\r\n:1\r\n", resp.Array},
		{"|1\r\n+a\r\n+b\r\n>1\r\n+push\r\n$1\r\nx\r\n", resp.Value},
		{">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n", resp.Push},
		{">0\r\n", resp.Push},
		{">2\r\n>1\r\n:0\r\n+a\r\n+b\r\n", resp.Push},
	} {
		stream := []byte(tc.stream)
		step := max(1, len(stream)/2000)
		for cut := 0; cut < len(stream); cut += step {
			got, err := scanReplies(stream, cut)
			if err != nil || len(got) != 1 || got[0].End != len(stream) || got[0].Frame != tc.want {
				t.Fatalf("%.40q cut at %d: got %v, %v, want one frame %d at %d", tc.stream, cut, got, err, tc.want, len(stream))
			}
		}
	}
}

// NextValue stops at each value, however alike they are.
func TestValuesOneByOne(t *testing.T) {
	var s resp.ReplyScanner
	values := []string{"*3\r\n", "$1\r\na\r\n", "$1\r\nb\r\n", "$1\r\nc\r\n"}
	p := []byte(strings.Join(values, ""))
	for i, want := range values {
		n, f, err := s.NextValue(p)
		if n != len(want) || err != nil || (f == resp.Array) != (i == len(values)-1) {
			t.Fatalf("%q: %d bytes, %v, %v", want, n, f, err)
		}
		p = p[n:]
	}
}

func TestConfirmations(t *testing.T) {
	for stream, want := range map[string]resp.Confirmation{
		">3\r\n$9\r\nsubscribe\r\n$5\r\n12345\r\n:17\r\n":                      {Kind: resp.Subscribe, Count: 17},
		">3\r\n$12\r\nsunsubscribe\r\n_\r\n:0\r\n":                             {Kind: resp.SUnsubscribe},
		">3\r\n$12\r\npunsubscribe\r\n$-1\r\n:120\r\n":                         {Kind: resp.PUnsubscribe, Count: 120},
		">3\r\n$7\r\nmessage\r\n$9\r\nsubscribe\r\n$3\r\n:17\r\n":              {},
		">2\r\n$10\r\ninvalidate\r\n*1\r\n$9\r\nsubscribe\r\n":                 {},
		">3\r\n$40\r\nsubscribesubscribesubscribesubscribexxxx\r\n_\r\n:1\r\n": {},
	} {
		for cut := range len(stream) {
			got, err := scanReplies([]byte(stream), cut)
			if err != nil || len(got) != 1 || got[0].Says != want {
				t.Fatalf("%q cut at %d: got %v, %v, want %v", stream, cut, got, err, want)
			}
		}
	}
}

func TestRefusesWhatNoServerSends(t *testing.T) {
	for _, stream := range []string{
		"OK\r\n", "\r\n", "$?\r\n", "*?\r\n", ";4\r\n", ".\r\n", "$-2\r\n", "$01\r\n", "$+1\r\n", "%-1\r\n", ">-1\r\n", "|-1\r\n", "=-1\r\n",
		"$\r\n", "$1 \r\n", "*99999999999999999999\r\n", "$12\n", "*999999999999999999\r\n*999999999999999999\r\n*999999999999999999\r\n",
	} {
		for cut := range len(stream) {
			if got, err := scanReplies([]byte(stream), cut); !errors.Is(err, resp.ErrUnknown) {
				t.Errorf("%q cut at %d: scanned as %v, %v", stream, cut, got, err)
			}
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

func FuzzReplies(f *testing.F) {
	for _, seed := range []string{
		"+OK\r\n$3\r\nabc\r\n*2\r\n:1\r\n_\r\n",
		"|1\r\n+ttl\r\n:3600\r\n+OK\r\n>2\r\n+x\r\n+y\r\n",
		"*2\r\n>2\r\n+invalidate\r\n*1\r\n+k\r\n:1\r\n:2\r\n%1\r\n#t\r\n,1.5\r\n~1\r\n(12\r\n=5\r\ntxt:a\r\n!3\r\nERR\r\n",
		">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n+OK\r\n>4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$1\r\nc\r\n$0\r\n\r\n",
		">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n-ERR x\r\n*-1\r\n$-1\r\n",
		"|1\r\n+a\r\n+b\r\n>1\r\n+push\r\n$1\r\nx\r\n",
		"*6\r\n$1\r\na\r\n$12\r\nhello, world\r\n$1\r\nb\r\n$12\r\nhello, redis\r\n$1\r\nc\r\n$11\r\nhello, you\r\n$1\r\nd\r\n",
		strings.Repeat(">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n", 3) + ">3\r\n$7\r\nmessage\r\n$1\r\nd\r\n$2\r\nhi\r\n",
	} {
		f.Add([]byte(seed), 3, 9)
	}
	f.Fuzz(checkReplies)
}

// Strings and messages of which many are alike are told apart where one is not, in length or in anything else.
func TestStringsAlikeAreToldApart(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		lengths := make([]int, 1+rng.IntN(3))
		for i := range lengths {
			lengths[i] = []int{0, 1, 9, 10, 12, 21, 99, 100}[rng.IntN(8)]
		}
		text := func(i int) string {
			n := lengths[i%len(lengths)]
			return fmt.Sprintf("$%d\r\n%s\r\n", n, strings.Repeat(string("x\r\n$1"[rng.IntN(5)]), n))
		}
		var b strings.Builder
		for range 1 + rng.IntN(3) {
			n := rng.IntN(9)
			kind := rng.IntN(4)
			if kind == 0 {
				fmt.Fprintf(&b, "*%d\r\n", n)
			}
			channel := text(rng.IntN(3))
			for i := range n {
				switch kind {
				case 2:
					b.WriteString(">3\r\n$7\r\nmessage\r\n" + channel)
				case 3:
					b.WriteString(">4\r\n$8\r\npmessage\r\n$1\r\n*\r\n" + channel)
				}
				b.WriteString(text(i))
			}
		}
		stream := []byte(b.String())
		checkReplies(t, stream, rng.IntN(300), rng.IntN(300))
		if len(stream) > 0 {
			stream[rng.IntN(len(stream))] = "$*>:1290\r\nxX"[rng.IntN(12)]
			checkReplies(t, stream, rng.IntN(300), rng.IntN(300))
		}
	}
}

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

func BenchmarkReplyScanner(b *testing.B) {
	bulk := "$64\r\n" + strings.Repeat("x", 64) + "\r\n"
	for _, tc := range []struct {
		name   string
		stream string
		per    int
	}{
		{"bulk64", bulk, 1},
		{"status", "+OK\r\n", 1},
		{"bulk64KiB", "$65536\r\n" + strings.Repeat("x", 64<<10) + "\r\n", 1},
		{"hgetall100", "%100\r\n" + strings.Repeat(bulk, 200), 1},
		{"pipeline100", strings.Repeat(bulk, 100), 100},
		{"message", ">3\r\n$7\r\nmessage\r\n$7\r\nchannel\r\n" + bulk, 1},
	} {
		b.Run(tc.name, func(b *testing.B) {
			b.ReportAllocs()
			var s resp.ReplyScanner
			stream := []byte(tc.stream)
			for b.Loop() {
				n, _ := s.Plain(stream, uint64(tc.per))
				for p := stream[n:]; len(p) > 0; {
					n, _, err := s.Next(p)
					if err != nil {
						b.Fatal(err)
					}
					p = p[n:]
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*tc.per), "ns/reply")
		})
	}
}
