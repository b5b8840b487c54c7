package resp_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

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

// NextValue stops at each value, also at equal ones.
func TestNextValueStopsAtEachValue(t *testing.T) {
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

// To a subscriber in RESP2 a server sends as an array what is a push in RESP3. That holds for the next
// frame only.
func TestArrayMayBeAPush(t *testing.T) {
	for stream, maybe := range map[string]resp.Frame{
		"*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n":                   resp.Push,
		"*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$1\r\na\r\n$2\r\nhi\r\n":       resp.Push,
		"*3\r\n$8\r\nsmessage\r\n$1\r\na\r\n*2\r\n$7\r\nmessage\r\n:1\r\n": resp.Push,
		"*3\r\n$12\r\npunsubscribe\r\n$-1\r\n:7\r\n":                       resp.Push,
		"*2\r\n$4\r\npong\r\n$0\r\n\r\n":                                   resp.Array,
		"*2\r\n$8\r\nMESSAGES\r\n$7\r\nmessage\r\n":                        resp.Array,
		"*1\r\n*2\r\n$7\r\nmessage\r\n:1\r\n":                              resp.Array,
		"*1\r\n$30\r\nmessagemessagemessagemessagexx\r\n":                  resp.Array,
		"*0\r\n":                       resp.Array,
		"*-1\r\n":                      resp.Array,
		"$7\r\nmessage\r\n":            resp.Value,
		"-ERR Can't execute 'get'\r\n": resp.Error,
	} {
		reply := maybe
		if maybe == resp.Push {
			reply = resp.Array
		}
		for cut := range len(stream) {
			var s resp.ReplyScanner
			next := func(want resp.Frame) {
				t.Helper()
				got := resp.None
				for _, p := range []string{stream[:cut], stream[cut:]} {
					n, f, err := s.Next([]byte(p))
					if err != nil || n != len(p) {
						t.Fatalf("%q cut at %d: %d, %v", stream, cut, n, err)
					}
					got = max(got, f)
				}
				if got != want || !s.AtBoundary() {
					t.Fatalf("%q cut at %d: %v, want %v", stream, cut, got, want)
				}
			}
			s.ArrayMayBePush()
			next(maybe)
			if says := s.Confirmed(); strings.Contains(stream, "punsub") && says != (resp.Confirmation{Kind: resp.PUnsubscribe, Count: 7}) {
				t.Fatalf("%q cut at %d says %+v", stream, cut, says)
			}
			next(reply)
		}
	}
}

func TestMalformedRepliesAreErrors(t *testing.T) {
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

var (
	streams    = flag.Int("streams", 500, "how many random streams of strings and messages to scan")
	streamsFor = flag.Duration("for", 0, "scan random streams for so long instead of counting -streams")
	streamSeed = flag.Uint64("seed", 0, "the seed of the first random stream, which it fixes wholly; each next one has the next")
)

// Random streams have many equal strings and messages, and some that differ in their length or in
// one byte.
func TestRandomStringsAndMessages(t *testing.T) {
	began, n := time.Now(), uint64(0)
	defer func() {
		if t.Failed() {
			t.Logf("replay it with -streams 1 -seed %d", *streamSeed+n)
		} else {
			t.Logf("%d streams, seeds %d to %d", n, *streamSeed, *streamSeed+n-1)
		}
	}()
	for more := true; more; n++ {
		if more = n+1 < uint64(max(*streams, 0)); *streamsFor > 0 {
			more = time.Since(began) < *streamsFor
		}
		rng := rand.New(rand.NewPCG(*streamSeed+n, 1))
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
