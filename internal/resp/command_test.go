package resp_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tidwall/redcon"

	"github.com/entraredis/entraredis/internal/resp"
)

type command struct {
	End  int
	Kind resp.Kind
	Argc int32
}

// scanCommands scans stream in pieces that end at the given offsets.
func scanCommands(stream []byte, cuts ...int) (got []command, err error) {
	var s resp.CommandScanner
	from := 0
	for _, to := range append(cuts, len(stream)) {
		for p := stream[from:to]; len(p) > 0; {
			n, end, err := s.Next(p)
			if err != nil {
				return got, err
			}
			if end {
				got = append(got, command{to - len(p) + n, s.Kind(), s.Argc()})
			} else if n != len(p) {
				panic("took only a part without an end")
			}
			p = p[n:]
		}
		from = to
	}
	return got, nil
}

func encode(args ...string) []byte {
	b := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, a := range args {
		b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(a), a)
	}
	return b
}

func TestKindsOfCommands(t *testing.T) {
	for _, tc := range []struct {
		line string
		want resp.Kind
	}{
		{"GET key", resp.Ordinary},
		{"get", resp.Ordinary},
		{"GETEX hello EX 1", resp.Ordinary},
		{"AUTH u p", resp.Auth},
		{"auth p", resp.Auth},
		{"HELLO", resp.Hello},
		{"HELLO 3", resp.Hello},
		{"HELLO 3 SETNAME x", resp.Hello},
		{"hello 3 auth u p", resp.HelloAuth},
		{"HELLO 3 SETNAME x AUTH u p", resp.HelloAuth},
		{"RESET", resp.Reset},
		{"Multi", resp.Multi},
		{"EXEC", resp.Exec},
		{"DISCARD", resp.Discard},
		{"SUBSCRIBE a b c", resp.Subscribe},
		{"PSUBSCRIBE a", resp.PSubscribe},
		{"SSUBSCRIBE a", resp.SSubscribe},
		{"UNSUBSCRIBE", resp.Unsubscribe},
		{"PUNSUBSCRIBE", resp.PUnsubscribe},
		{"SUNSUBSCRIBE a", resp.SUnsubscribe},
		{"ASKING", resp.Asking},
		{"CLIENT", resp.Client},
		{"CLIENT ID", resp.Client},
		{"CLIENT SETNAME caching", resp.Client},
		{"CLIENT CACHING YES", resp.Caching},
		{"client caching no", resp.Caching},
		{"CLIENT REPLY ON", resp.ReplyOn},
		{"CLIENT REPLY OFF", resp.ReplyOff},
		{"client reply Skip", resp.ReplySkip},
		{"CLIENT REPLY SKIP x", resp.Client},
		{"CLIENT REPLY", resp.Client},
		{"CLIENT TRACKING", resp.Client},
		{"CLIENT TRACKING ON", resp.Tracking},
		{"client tracking on BCAST PREFIX redirect", resp.Tracking},
		{"CLIENT TRACKING ON REDIRECT 17", resp.Client},
		{"CLIENT TRACKING OFF", resp.Client},
		{"CLIENT TRACKING OFF ON", resp.Client},
		{"REPLCONF ACK 0", resp.NoReply},
		{"replconf getack *", resp.NoReply},
		{"REPLCONF capa psync2 ack 0", resp.NoReply},
		{"REPLCONF capa ack", resp.Ordinary},
		{"REPLCONF ACK", resp.Ordinary},
		{"REPLCONF listening-port 6380", resp.Ordinary},
		{"REPLCONF", resp.Ordinary},
		{"MONITOR", resp.Monitor},
		{"SYNC", resp.Sync},
		{"PSYNC ? -1", resp.Sync},
		{"SCRIPT DEBUG YES", resp.ScriptDebug},
		{"script debug no", resp.ScriptDebug},
		{"SCRIPT LOAD debug", resp.Ordinary},
		{"SCRIPT", resp.Ordinary},
		{"BLPOP a 0", resp.Blocking},
		{"BRPOPLPUSH a b 0", resp.Blocking},
		{"BZMPOP 0 1 a MIN", resp.Blocking},
		{"WAIT 1 100", resp.Wait},
		{"PING", resp.Ping},
		{"client unblock 17 TIMEOUT", resp.Unblock},
		{"XREAD COUNT 1 STREAMS BLOCK 0", resp.Ordinary},
		{"XREAD COUNT 1 BLOCK 0 STREAMS a $", resp.Blocking},
		{"XREADGROUP GROUP g c block 10 STREAMS a >", resp.Blocking},
		{"XREADGROUP GROUP g c STREAMS a >", resp.Ordinary},
		{"XREAD", resp.Ordinary},
		{"SUBSCRIBERSUBSCRIBER a", resp.Ordinary},
	} {
		stream := encode(strings.Fields(tc.line)...)
		want := []command{{len(stream), tc.want, int32(len(strings.Fields(tc.line)))}}
		checkOrdinary(t, stream, want)
		for cut := range stream {
			got, err := scanCommands(stream, cut)
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("%s cut at %d: got %v, %v, want %v", tc.line, cut, got, err, want)
			}
		}
	}
}

func TestMalformedCommandsAreErrors(t *testing.T) {
	for _, stream := range []string{
		"PING\r\n", "\r\n", "*0\r\n", "*-1\r\n", "*+1\r\n$4\r\nPING\r\n", "*01\r\n$4\r\nPING\r\n", "*1\n$4\nPING\n",
		"*1\r\n:4\r\n", "*1\r\n$-1\r\n", "*1\r\n$04\r\nPING\r\n", "*1x\r\n", "*\r\n", "*1\r\n$x\r\n", "*9999999999999999999\r\n", "*1\r\n$4 \r\n",
		"*1111111111111111111111111111111111111",
	} {
		for cut := range len(stream) {
			if got, err := scanCommands([]byte(stream), cut); err == nil {
				t.Errorf("%q cut at %d: scanned as %v", stream, cut, got)
			}
		}
	}
}

// The reference is tidwall/redcon: it must read each command that the scanner finds as the same
// command.
func FuzzCommands(f *testing.F) {
	f.Add(encode("GET", "key"), 3, 7)
	f.Add(append(encode("CLIENT", "REPLY", "SKIP"), encode("SET", "k", "\r\n$3\r\n")...), 1, 20)
	f.Add(append(encode("XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "s", ">"), encode("MULTI")...), 5, 50)
	f.Add([]byte("*1\r\n$4\r\nPING\r\n*0\r\n"), 0, 0)
	f.Fuzz(func(t *testing.T, stream []byte, a, b int) {
		if len(stream) > 4096 {
			return // longer ones are slow to compare and say no more
		}
		whole, wholeErr := scanCommands(stream)
		checkOrdinary(t, stream, whole)
		from := 0
		for _, c := range whole {
			complete, args, kind, rest, err := redcon.ReadNextCommand(withCRLF(stream[from:c.End]), nil)
			if err != nil || !complete || kind != redcon.Redis {
				t.Fatalf("scanner ends a command at %d where redcon says %v, %v, %v", c.End, complete, kind, err)
			}
			if got := c.End - len(rest); got != c.End {
				t.Fatalf("command ends at %d, redcon says %d", c.End, got)
			}
			if int32(len(args)) != c.Argc {
				t.Fatalf("%d arguments, redcon says %d", c.Argc, len(args))
			}
			if exec := bytes.EqualFold(args[0], []byte("EXEC")); exec != (c.Kind == resp.Exec) {
				t.Fatalf("kind %v for %q", c.Kind, args[0])
			}
			from = c.End
		}
		cuts := [][]int{everyByte(len(stream)), ordered(a, b, len(stream))}
		for _, cut := range cuts {
			got, err := scanCommands(stream, cut...)
			if (err == nil) != (wholeErr == nil) || !slices.Equal(got, whole) {
				t.Fatalf("cut at %v: %v, %v; whole: %v, %v", cut, got, err, whole, wholeErr)
			}
		}
	})
}

// withCRLF puts CRLF after each argument of a command. Like Redis the scanner ignores these two
// bytes, but redcon checks them.
func withCRLF(command []byte) []byte {
	fixed := bytes.Clone(command)
	rest := fixed[bytes.IndexByte(fixed, '\n')+1:]
	for len(rest) > 0 {
		eol := bytes.IndexByte(rest, '\n')
		n, _ := strconv.Atoi(string(rest[1 : eol-1]))
		copy(rest[eol+1+n:], "\r\n")
		rest = rest[eol+1+n+2:]
	}
	return fixed
}

// The scanner finds the end of a command with any arguments.
func FuzzArguments(f *testing.F) {
	f.Add("GET", "key", "", uint8(2))
	f.Add("CLIENT", "REPLY", "OFF", uint8(3))
	f.Fuzz(func(t *testing.T, name, x, y string, argc uint8) {
		args := []string{name, x, y, x, y, name}[:argc%6+1]
		stream := append(encode(args...), encode("PING")...)
		if whole, err := scanCommands(stream); err == nil {
			checkOrdinary(t, stream, whole)
		}
		for _, cut := range [][]int{nil, everyByte(len(stream))} {
			got, err := scanCommands(stream, cut...)
			if err != nil || len(got) != 2 || got[0].End != len(encode(args...)) || got[1].End != len(stream) {
				t.Fatalf("%q: %v, %v", args, got, err)
			}
		}
	})
}

func everyByte(n int) (cuts []int) {
	for i := range n {
		cuts = append(cuts, i)
	}
	return cuts
}

func ordered(a, b, n int) []int {
	a, b = max(0, min(a, n)), max(0, min(b, n))
	return []int{min(a, b), max(a, b)}
}

func BenchmarkCommandScanner(b *testing.B) {
	for _, tc := range []struct {
		name   string
		stream []byte
		per    int
	}{
		{"GET", encode("GET", "key:000000000042"), 1},
		{"SET64KiB", encode("SET", "key", strings.Repeat("x", 64<<10)), 1},
		{"pipeline100", bytes.Repeat(encode("GET", "key:000000000042"), 100), 100},
	} {
		b.Run(tc.name, func(b *testing.B) {
			b.ReportAllocs()
			var s resp.CommandScanner
			for b.Loop() {
				if n, _ := s.Ordinary(tc.stream); n != len(tc.stream) {
					b.Fatal(n)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*tc.per), "ns/cmd")
		})
	}
}

// What is still to come of a command is known from what it announces.
func TestMissing(t *testing.T) {
	for start, least := range map[string]int{
		"":                               0,
		"*2":                             0,
		"*2\r\n":                         6,
		"*3\r\n$3\r\nGET\r\n":            6,
		"*2\r\n$3\r\nG":                  4 + 6,
		"*2\r\n$3\r\nGET\r\n$5\r\n":      7,
		"*2\r\n$3\r\nGET\r\n$5\r\n12345": 2,
		"*1\r\n$4\r\nPING\r\n":           0,
		"*2147483647\r\n":                math.MaxInt32 / 2,
	} {
		var s resp.CommandScanner
		if _, _, err := s.Next([]byte(start)); err != nil || s.Missing() != least {
			t.Errorf("after %q %d bytes are missing at least, %v; want %d", start, s.Missing(), err, least)
		}
	}
}
