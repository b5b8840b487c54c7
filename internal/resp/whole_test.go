package resp_test

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/internal/resp"
)

// What is common is taken at once, or nothing is won.
func TestCommonCommandsAreTakenAtOnce(t *testing.T) {
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

func TestCommonRepliesAreTakenAtOnce(t *testing.T) {
	for _, reply := range []string{
		"+OK\r\n", "-ERR no\r\n", ":12\r\n", "_\r\n", "#t\r\n", ",1.5\r\n", "$-1\r\n", "$0\r\n\r\n", "$5\r\nhello\r\n",
		"$100\r\n" + strings.Repeat("x", 100) + "\r\n", "*2\r\n$1\r\na\r\n$-1\r\n", "*0\r\n", "%1\r\n$1\r\nk\r\n*2\r\n:1\r\n:2\r\n",
		"~2\r\n+a\r\n+b\r\n", "*12\r\n" + strings.Repeat("$-1\r\n", 12),
	} {
		var s resp.ReplyScanner
		if n, replies := s.Plain([]byte(reply+"*1\r\n"), 9); n != len(reply) || replies != 1 || !s.AtBoundary() {
			t.Errorf("%.20q: took %d bytes, %d replies", reply, n, replies)
		}
	}
}

func TestMessagesAreTakenBetweenReplies(t *testing.T) {
	messages := []string{
		">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\nhello\r\n", ">3\r\n$8\r\nsmessage\r\n$1\r\nc\r\n$0\r\n\r\n",
		">4\r\n$8\r\npmessage\r\n$2\r\nc*\r\n$1\r\nc\r\n$100\r\n" + strings.Repeat("x", 100) + "\r\n",
	}
	var s resp.ReplyScanner
	all := "+OK\r\n" + strings.Join(messages, "") + ":1\r\n" + messages[0]
	if n, replies := s.Plain([]byte(all+"+OK\r\n"), 2); n != len(all) || replies != 2 {
		t.Error(n, replies)
	}
	if n, replies := s.Plain([]byte(messages[0]+"+OK\r\n"), 0); n != len(messages[0]) || replies != 0 {
		t.Error(n, replies)
	}
	for _, m := range messages {
		for cut := range m {
			if n := s.Message([]byte(m[:cut])); n != 0 {
				t.Errorf("%q: %d bytes", m[:cut], n)
			}
		}
		if n := s.Message([]byte(m + "+OK\r\n")); n != len(m) {
			t.Errorf("%q: %d bytes", m, n)
		}
	}
	for _, other := range []string{
		">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n", ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n", ">2\r\n$7\r\nmessage\r\n$1\r\nc\r\n",
		">3\r\n$7\r\nmessage\r\n_\r\n$1\r\nc\r\n", "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\nhello\r\n",
	} {
		if n := s.Message([]byte(other)); n != 0 {
			t.Errorf("%q: %d bytes", other, n)
		}
	}
}

func TestTakesNoMoreRepliesThanItIsTold(t *testing.T) {
	var s resp.ReplyScanner
	if n, replies := s.Plain([]byte("+OK\r\n+OK\r\n+OK\r\n"), 2); n != 10 || replies != 2 {
		t.Error(n, replies)
	}
	if n, replies := s.Plain([]byte("+OK\r\n"), 0); n != 0 || replies != 0 {
		t.Error(n, replies)
	}
}

func TestTakesNothingInsideOfSomething(t *testing.T) {
	var c resp.CommandScanner
	for p := []byte("*1\r\n$30\r\n"); len(p) > 0; {
		n, _, _ := c.Next(p)
		p = p[n:]
	}
	if n, _ := c.Ordinary(encode("GET", "k")); n != 0 {
		t.Error("a command inside an argument")
	}
	var r resp.ReplyScanner
	if _, _, err := r.Next([]byte("*2\r\n")); err != nil {
		t.Fatal(err)
	}
	if n, _ := r.Plain([]byte("+OK\r\n"), 1); n != 0 {
		t.Error("a reply inside an array")
	}
}

// checkOrdinary compares what Ordinary takes, at every boundary, with the commands that Next found.
func checkOrdinary(t *testing.T, stream []byte, commands []command) {
	t.Helper()
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

// checkPlain compares what Plain takes, at every boundary, with the frames that Next found.
func checkPlain(t *testing.T, stream []byte, frames []frame) {
	t.Helper()
	from := 0
	for i := range len(frames) + 1 {
		for _, most := range []uint64{1, math.MaxUint64} {
			var s resp.ReplyScanner
			n, took := s.Plain(stream[from:], most)
			end, replies := from, uint64(0)
			for k := i; end < from+n && k < len(frames); k++ {
				end = frames[k].End
				if frames[k].Frame != resp.Push {
					replies++
				} else if frames[k].Says.Kind != resp.Ordinary {
					t.Fatalf("%q: took the confirmation %v for a message", stream, frames[k])
				}
			}
			if from+n != end || took != replies || took > most {
				t.Fatalf("%q: %d replies from %d end at %d; Next says %d, at %d", stream, took, from, from+n, replies, end)
			}
			if size := s.Message(stream[from:]); size > 0 && (frames[i].Frame != resp.Push || frames[i].End != from+size) {
				t.Fatalf("%q: message of %d bytes at %d, Next says %v", stream, size, from, frames[i])
			}
		}
		if i < len(frames) {
			from = frames[i].End
		}
	}
}

// BenchmarkGet is what it costs to find the end of a GET and of its reply.
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
