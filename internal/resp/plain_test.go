package resp_test

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/internal/resp"
)

// The fast path must take common commands, or it saves nothing.
func TestOrdinaryTakesCommonCommands(t *testing.T) {
	for _, args := range [][]string{
		{"GET", "k"}, {"get", "key:000000000042"}, {"SET", "k", strings.Repeat("x", 100)}, {"DBSIZE"}, {"INCR", ""},
		{"HSET", "h", "f1", "1", "f2", "2", "f3", "3"},
		append([]string{"MSET"}, strings.Fields(strings.Repeat("key value ", 50))...),
		{"ZRANGEBYSCORE", "z", "-inf", "+inf"}, {"SET", "k", strings.Repeat("x", 100_000)},
	} {
		p := encode(args...)
		var s resp.CommandScanner
		if n, commands := s.Ordinary(append(p, "*1\r\n$4\r\nPING\r\n"...)); n != len(p) || commands != 1 || !s.AtBoundary() {
			t.Errorf("%.20q: took %d bytes, %d commands", args, n, commands)
		}
	}
}

func TestPlainTakesCommonReplies(t *testing.T) {
	for _, reply := range []string{
		"+OK\r\n", "-ERR no\r\n", ":12\r\n", "_\r\n", "#t\r\n", ",1.5\r\n", "$-1\r\n", "$0\r\n\r\n", "$5\r\nhello\r\n",
		"$100\r\n" + strings.Repeat("x", 100) + "\r\n", "*2\r\n$1\r\na\r\n$-1\r\n", "*0\r\n", "%1\r\n$1\r\nk\r\n*2\r\n:1\r\n:2\r\n",
		"~2\r\n+a\r\n+b\r\n", "*12\r\n" + strings.Repeat("$-1\r\n", 12),
	} {
		var s resp.ReplyScanner
		if n, replies := s.Plain([]byte(reply+">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n"), 9); n != len(reply) || replies != 1 || !s.AtBoundary() {
			t.Errorf("%.20q: took %d bytes, %d replies", reply, n, replies)
		}
	}
}

func TestPlainTakesAtMostSoManyReplies(t *testing.T) {
	var s resp.ReplyScanner
	if n, replies := s.Plain([]byte("+OK\r\n+OK\r\n+OK\r\n"), 2); n != 10 || replies != 2 {
		t.Error(n, replies)
	}
	if n, replies := s.Plain([]byte("+OK\r\n"), 0); n != 0 || replies != 0 {
		t.Error(n, replies)
	}
}

// Only CRLF ends a line.
func TestOnlyCRLFEndsALine(t *testing.T) {
	for _, line := range []string{"-ERR a\nb\r\n", "+a\rb\n\r\n", "+\n\r\n"} {
		var s resp.ReplyScanner
		if n, replies := s.Plain([]byte(line+"+OK\r\n"), 1); n != len(line) || replies != 1 {
			t.Errorf("%q: %d bytes, %d replies", line, n, replies)
		}
	}
}

// Plain leaves a header to Next that differs from a correct one in a single bit.
func TestEveryBitOfAHeaderCounts(t *testing.T) {
	rest := strings.Repeat("x", 200)
	for _, tc := range []struct {
		replies string
		n       int
		taken   uint64
	}{
		{"$1\r\na\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\x8ac\r\n$1\r\x8ad\r\n", 21, 3},
		{"$1\r\x8aa\r\n", 0, 0},
		{"$:0\r\n", 0, 0}, // ':' comes after '9'
		{"$1:\r\n", 0, 0},
	} {
		var s resp.ReplyScanner
		if n, replies := s.Plain([]byte(tc.replies+rest), 9); n != tc.n || replies != tc.taken {
			t.Errorf("%q: %d bytes, %d replies", tc.replies, n, replies)
		}
	}
}

// However a long string is cut, Within takes only bytes inside of it, and none that decide the
// kind.
func TestWithinTakesOnlyIgnoredPayload(t *testing.T) {
	long := strings.Repeat("x", 60)
	for _, tc := range []struct {
		args    []string
		ignored bool // a piece of its last argument
	}{{[]string{"SET", "k", long}, true}, {[]string{"AUTH", "us", long}, true}, {[]string{long}, false}, {[]string{"HELLO", "3", long}, false}} {
		stream := encode(tc.args...)
		took := false
		for cut := range len(stream) {
			for end := cut + 1; end <= len(stream); end++ {
				var s resp.CommandScanner
				if _, ended, err := s.Next(stream[:cut]); ended || err != nil {
					t.Fatal(ended, err)
				}
				before := s
				if !s.Within(end - cut) {
					continue
				}
				took = true
				if after := s; end == len(stream) {
					t.Fatalf("%q: took its end, %+v", stream, after)
				}
				by := before
				if _, ended, err := by.Next(stream[cut:end]); ended || err != nil || by != s {
					t.Fatalf("%q: pieces from %d to %d leave %+v, Next %+v", stream, cut, end, s, by)
				}
				if s.Unread(end - cut); s != before {
					t.Fatalf("%q: %+v taken back is %+v", stream, before, s)
				}
			}
		}
		if took != tc.ignored {
			t.Errorf("%q: took pieces of it: %v", stream, took)
		}
	}
}

// checkOrdinary compares what Ordinary takes, at every boundary, with the commands that Next found. Like the checks
// below it runs hundreds of times for each input, so it calls no t.Helper, which took a third of the time.
func checkOrdinary(t *testing.T, stream []byte, commands []command) {
	from := 0
	for i := range len(commands) + 1 {
		var s resp.CommandScanner
		n, took := s.Ordinary(stream[from:])
		want := from
		for k := range int(took) {
			if i+k == len(commands) || commands[i+k].Kind != resp.Ordinary {
				t.Fatalf("%q: command %d is not an ordinary one", stream, i+k)
			}
			want = commands[i+k].End
		}
		if from+n != want {
			t.Fatalf("%q: %d commands from %d end at %d, not at %d", stream, took, from, from+n, want)
		}
		if i < len(commands) {
			from = commands[i].End
		}
	}
}

// checkPlain compares what Plain takes with the frames that Next found. Plain starts at every
// boundary and at some places between them, and the stream is cut at many places after that.
func checkPlain(t *testing.T, stream []byte, frames []frame) {
	var s resp.ReplyScanner // has read up to from
	for from := 0; ; from++ {
		for len(frames) > 0 && frames[0].End <= from {
			frames = frames[1:]
		}
		cuts := 0
		switch {
		case s.AtBoundary():
			cuts = 50
			checkDowngrade(t, stream, from, frames)
		case from%(1+len(stream)/8) == 0:
			cuts = 2
		}
		for _, most := range []uint64{1, math.MaxUint64} {
			for cut := from; cuts > 0 && cut < len(stream); cut += max(1, (len(stream)-from)/cuts) {
				checkPlainOf(t, s, stream, from, cut, most, frames)
			}
			if cuts > 0 {
				checkPlainOf(t, s, stream, from, len(stream), most, frames)
			}
		}
		if from == len(stream) {
			return
		}
		if _, _, err := s.Next(stream[from : from+1]); err != nil {
			return
		}
	}
}

// checkPlainOf calls Plain from state s with the stream up to cut, and then Next for what Plain has
// begun.
func checkPlainOf(t *testing.T, s resp.ReplyScanner, stream []byte, from, cut int, most uint64, frames []frame) {
	by := s
	n, took := s.Plain(stream[from:cut], most)
	if n > cut-from {
		t.Fatalf("%q: took %d bytes from %d to %d", stream, n, from, cut)
	}
	for at := from; at < from+n; {
		taken, _, err := by.Next(stream[at : from+n])
		if at += taken; err != nil {
			t.Fatalf("%q: took from %d to %d, where Next fails at %d", stream, from, from+n, at)
		}
	}
	replies, began := uint64(0), from
	for len(frames) > 0 && frames[0].End <= from+n {
		switch {
		case frames[0].Frame != resp.Push:
			replies++
		case frames[0].Says.Kind != resp.Ordinary:
			t.Fatalf("%q: took the confirmation %v for a message", stream, frames[0])
		}
		began = frames[0].End
		frames = frames[1:]
	}
	if took != replies || took > most || s.AtBoundary() != by.AtBoundary() {
		t.Fatalf("%q: %d replies from %d to %d of %d, at a boundary: %v; Next says %d, %v", stream, took, from, from+n, cut, s.AtBoundary(), replies, by.AtBoundary())
	}
	if n > 0 && !s.AtBoundary() && took == most && stream[began] != '>' {
		t.Fatalf("%q: began one more reply than %d", stream, most)
	}
	taken, f, _ := s.Next(stream[from+n:])
	switch end := from + n + taken; {
	case len(frames) == 0 && f != resp.None:
		t.Fatalf("%q: a frame ends at %d after Plain, Next alone finds none", stream, end)
	case len(frames) > 0 && (end != frames[0].End || f != frames[0].Frame):
		t.Fatalf("%q: %v ends at %d after Plain, Next alone finds %v", stream, f, end, frames[0])
	}
}

// BenchmarkGet measures the cost of finding the end of a GET and of its reply.
func BenchmarkGet(b *testing.B) {
	command, reply := encode("GET", "key:000000000042"), []byte("$64\r\n"+strings.Repeat("x", 64)+"\r\n")
	for _, pipelined := range []int{1, 100} {
		b.Run(strconv.Itoa(pipelined), func(b *testing.B) {
			var cs resp.CommandScanner
			var rs resp.ReplyScanner
			commands, replies := bytes.Repeat(command, pipelined), bytes.Repeat(reply, pipelined)
			b.ReportAllocs()
			for b.Loop() {
				if n, _ := cs.Ordinary(commands); n != len(commands) {
					b.Fatal(n)
				}
				if n, _ := rs.Plain(replies, uint64(pipelined)); n != len(replies) {
					b.Fatal(n)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*pipelined), "ns/cmd")
		})
	}
}

// BenchmarkCut measures the cost of scanning a reply of 201 values that is read in pieces of 4096
// bytes.
func BenchmarkCut(b *testing.B) {
	reply := []byte("*200\r\n" + strings.Repeat("$9\r\nfield:042\r\n$32\r\n"+strings.Repeat("x", 32)+"\r\n", 100))
	b.ReportAllocs()
	for b.Loop() {
		var s resp.ReplyScanner
		for p := reply; len(p) > 0; {
			piece := p[:min(4096, len(p))]
			p = p[len(piece):]
			n, _ := s.Plain(piece, 1)
			for n < len(piece) {
				taken, _, err := s.Next(piece[n:])
				if err != nil {
					b.Fatal(err)
				}
				n += taken
			}
		}
		if !s.AtBoundary() {
			b.Fatal("not at the end")
		}
	}
}
