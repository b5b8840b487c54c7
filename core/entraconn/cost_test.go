package entraconn_test

import (
	"bufio"
	"strings"
	"testing"
	"unsafe"

	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
)

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
	inner := newLoop()
	inner.keeps = true
	c := logIn(t, inner, inner, nil)
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

// BenchmarkConn measures what a Conn adds to a command: everything but the network.
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
	const limit = 448
	if size := unsafe.Sizeof(entraconn.Conn{}); size > limit {
		t.Errorf("a Conn takes %d bytes, want %d at most", size, limit)
	}
}
