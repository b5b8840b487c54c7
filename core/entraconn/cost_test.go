package entraconn

import (
	"bufio"
	"net"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
)

// loop answers every write with one reply, without a network.
type loop struct {
	stubborn
	reply  []byte
	writes int
	keeps  bool
}

func (l *loop) Write(p []byte) (int, error) {
	l.writes++
	if l.keeps {
		l.got = append(l.got, p...)
	}
	return len(p), nil
}
func (l *loop) Read(p []byte) (int, error)      { return copy(p, l.reply), nil }
func (l *loop) SetReadDeadline(time.Time) error { return nil }
func (l *loop) SetDeadline(time.Time) error     { return nil }

// loggedIn returns a connection over a loop that has its login behind it.
func loggedIn(tb testing.TB) *Conn {
	inner := &loop{}
	return logIn(tb, inner, inner)
}

// logIn is loggedIn for a connection that has the loop in it.
func logIn(tb testing.TB, inner net.Conn, l *loop) *Conn {
	tb.Helper()
	src, err := entra.NewSource(minted(time.Hour), &entra.Options{Username: "us"})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { src.Close() })
	const hello = "*2\r\n$2\r\nid\r\n:17\r\n"
	l.reply = []byte("+OK\r\n" + hello + "$5\r\nhello\r\n")
	c := NewDialer(src, nil).Wrap(inner)
	tb.Cleanup(func() { c.Close() })
	if _, err := c.Write(modelserver.Encode("HELLO", "GET k")); err != nil {
		tb.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 100)); n != len(hello+"$5\r\nhello\r\n") || err != nil {
		tb.Fatal(n, err)
	}
	l.reply = []byte("$5\r\nhello\r\n")
	return c
}

func TestCommandsCostNoAllocation(t *testing.T) {
	c := loggedIn(t)
	for _, command := range []string{"GET k", "MULTI, GET k, EXEC", "BLPOP k 1", "BLPOP k 0"} {
		p, buf := modelserver.Encode(strings.Split(command, ", ")...), make([]byte, 4096)
		roundtrip := func() {
			if _, err := c.Write(p); err != nil {
				t.Fatal(err)
			}
			for range strings.Count(command, ",") + 1 {
				if _, err := c.Read(buf); err != nil {
					t.Fatal(err)
				}
			}
		}
		roundtrip() // the ledger has found its size
		if n := testing.AllocsPerRun(100, roundtrip); n != 0 {
			t.Errorf("%s: %v allocations", command, n)
		}
	}
}

// A bufio.Writer hands a long string on as a whole, if what it writes to takes one.
func TestLongStringsAreWrittenAtOnce(t *testing.T) {
	inner := &loop{keeps: true}
	c := logIn(t, inner, inner)
	head, value := "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$65536\r\n", strings.Repeat("0123456789abcdef", 4096)
	before := inner.writes
	w := bufio.NewWriter(c)
	for _, s := range []string{head, value, "\r\n"} {
		if n, err := w.WriteString(s); n != len(s) || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if n := inner.writes - before; n > 3 {
		t.Errorf("%d writes", n)
	}
	if n, err := c.WriteString(""); n != 0 || err != nil {
		t.Errorf("nothing: %d, %v", n, err)
	}
	if !strings.HasSuffix(string(inner.got), head+value+"\r\n") {
		t.Error("something else was written")
	}
}

// BenchmarkConn is what a connection of ours adds to a command: everything but the network.
func BenchmarkConn(b *testing.B) {
	c, p, buf := loggedIn(b), modelserver.Encode("GET key:000000000042"), make([]byte, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Write(p); err != nil {
			b.Fatal(err)
		}
		if _, err := c.Read(buf); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N), "ns/cmd")
}

// A program with ten thousand connections pays for their state ten thousand times.
func TestConnectionStateIsSmall(t *testing.T) {
	const limit = 480
	if size := unsafe.Sizeof(Conn{}); size > limit {
		t.Errorf("a Conn takes %d bytes, want %d at most", size, limit)
	}
}
