package entraconn_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
)

// A hostileStream is what a server sends, or a client writes, to make a connection keep or look at
// more than it has to.
type hostileStream struct {
	name     string
	commands string // that the client writes before, one by one
	answers  string // of the server to them
	begins   string // the stream
	goesOn   string // and this again and again
	held     bool   // it is held back, up to a mebibyte
	login    bool   // it comes in place of the answer to the login
}

const (
	helloAnswer  = "%1\r\n$5\r\nproto\r\n:3\r\n"
	subscription = ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
	endless      = "1000000000000"
)

// hostileReplies are streams of a server.
func hostileReplies() []hostileStream {
	reply := hostileStream{commands: "GET k"}
	push := hostileStream{commands: "HELLO 3", answers: helloAnswer}
	subscriber := hostileStream{commands: "SUBSCRIBE a", answers: helloAnswer + subscription}
	blocked := hostileStream{commands: "BLPOP k 0", answers: ":17\r\n"}
	unread := hostileStream{commands: "HELLO 3"}
	idle := hostileStream{commands: "GET k", answers: "$1\r\nx\r\n"}
	var all []hostileStream
	add := func(to hostileStream, name, begins, goesOn string) {
		to.name, to.begins, to.goesOn = name, begins, goesOn
		all = append(all, to)
	}
	add(reply, "line, in a reply", "+", "x")
	add(reply, "line, in an error", "-ERR ", "x")
	add(idle, "line, in answer to no command", "+", "x")
	add(subscriber, "line, to a RESP2 subscriber", "+", "x")
	add(unread, "line, in the answer to HELLO", "-ERR ", "x")
	add(hostileStream{commands: "CLIENT REPLY SKIP"}, "line, in place of nothing", "-ERR ", "x")

	add(hostileStream{commands: "GET k", login: true}, "line, in answer to AUTH", "-WRONGPASS ", "x")
	add(hostileStream{commands: "GET k", login: true}, "nesting, in answer to AUTH", "", "*1\r\n")

	add(push, "push", ">"+endless+"\r\n", "$1\r\nx\r\n")
	add(push, "push, its name", ">2\r\n$"+endless+"\r\n", "x")
	add(push, "pushes", "", ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n")
	add(subscriber, "push, to a RESP2 subscriber", ">"+endless+"\r\n", "$1\r\nx\r\n")
	add(subscriber, "push, its name, to a RESP2 subscriber", ">2\r\n$"+endless+"\r\n", "x")
	add(subscriber, "push, its name is a line, to a RESP2 subscriber", ">2\r\n+", "x")
	add(subscriber, "pushes, to a RESP2 subscriber", "", ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n")
	add(subscriber, "nulls, to a RESP2 subscriber", ">"+endless+"\r\n", "_\r\n")

	add(reply, "nesting", "", "*1\r\n")
	add(subscriber, "nesting, to a RESP2 subscriber", "", "*1\r\n")
	add(reply, "nesting, wide", "", "*"+"100000\r\n")
	add(reply, "bulk", "$"+endless+"\r\n", "x")
	add(subscriber, "bulk, to a RESP2 subscriber", "$"+endless+"\r\n", "x")
	add(unread, "map, in answer to HELLO", "%"+endless+"\r\n", "$1\r\nx\r\n")
	add(blocked, "array, in answer to a call in slices", "*"+endless+"\r\n", "$1\r\nx\r\n")
	add(reply, "attributes", "", "|1\r\n")
	add(reply, "attributes, of many values", "|"+endless+"\r\n", "+a\r\n")
	add(subscriber, "attributes, to a RESP2 subscriber", "", "|1\r\n")
	add(idle, "replies to no command", "", "+OK\r\n")
	return all
}

// hostileCommands are streams of a client.
func hostileCommands() []hostileStream {
	blocked := hostileStream{commands: "BLPOP k 0", answers: ":17\r\n", held: true}
	var all []hostileStream
	add := func(to hostileStream, name, begins, goesOn string) {
		to.name, to.begins, to.goesOn = name, begins, goesOn
		all = append(all, to)
	}
	idle := hostileStream{commands: "GET k", answers: "$1\r\nx\r\n"}
	held := idle
	held.held = true
	add(held, "command that blocks", "*100000000\r\n$5\r\nBLPOP\r\n", "$1\r\nk\r\n")
	add(held, "argument of a command that blocks", "*3\r\n$5\r\nBLPOP\r\n$100000000\r\n", "x")
	add(held, "name of a command", "*1\r\n$100000000\r\n", "x")
	add(held, "HELLO", "*100000001\r\n$5\r\nHELLO\r\n$1\r\n3\r\n", "$7\r\nSETNAME\r\n")
	add(held, "XREAD", "*100000000\r\n$5\r\nXREAD\r\n", "$5\r\nCOUNT\r\n$1\r\n1\r\n")
	add(idle, "SUBSCRIBE", "*100000000\r\n$9\r\nSUBSCRIBE\r\n", "$1\r\na\r\n")
	add(idle, "commands", "", "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")
	add(idle, "transactions", "", "*1\r\n$5\r\nMULTI\r\n*1\r\n$4\r\nEXEC\r\n")
	add(idle, "commands without a reply", "", string(modelserver.Encode("CLIENT REPLY SKIP", "SET k v")))
	add(idle, "bulk", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000000\r\n", "x")
	add(blocked, "commands behind a blocked call", "", "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")
	add(blocked, "bulk behind a blocked call", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000000\r\n", "x")
	return all
}

// bytes returns n bytes of the stream.
func (h hostileStream) bytes(n int) []byte {
	all := []byte(h.begins)
	for len(all) < n {
		all = append(all, h.goesOn...)
	}
	return all[:n]
}

// A feed is a server that takes everything and sends what it is told, in pieces of some bytes.
type feed struct {
	cutWriter
	stream []byte
	piece  int
}

func (f *feed) Write(p []byte) (int, error) { return len(p), nil }

func (f *feed) Read(p []byte) (int, error) {
	if len(f.stream) == 0 {
		return 0, os.ErrDeadlineExceeded
	}
	n := copy(p[:min(len(p), f.piece)], f.stream)
	f.stream = f.stream[n:]
	return n, nil
}
func (f *feed) SetReadDeadline(time.Time) error { return nil }
func (f *feed) SetDeadline(time.Time) error     { return nil }

// attack returns connections on which the commands before a stream were written and answered, and
// what the client has read of it.
func (h hostileStream) attack(t *testing.T, d *entraconn.Dialer) (*entraconn.Conn, *feed) {
	t.Helper()
	f := &feed{piece: 1 << 20}
	if !h.login {
		f.stream = []byte("+OK\r\n" + h.answers)
	}
	c := d.Wrap(f)
	t.Cleanup(func() { c.Close() })
	for _, command := range strings.Split(h.commands, ", ") {
		if _, err := c.Write(modelserver.Encode(command)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.Copy(io.Discard, c); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	return c, f
}

// used returns how many bytes of the heap live after f, beside those before it, and how many were
// allocated meanwhile.
func used(f func()) (live, allocated int64) {
	var before, after runtime.MemStats
	for range 2 {
		runtime.GC()
	}
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	allocated = int64(after.TotalAlloc - before.TotalAlloc)
	for range 2 {
		runtime.GC()
	}
	runtime.ReadMemStats(&after)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc), allocated
}

const (
	perConn    = 64 << 10 // that a connection may keep
	hostileSum = 2        // connections that are attacked at once
)

// Whatever a server sends, a connection keeps little of it, and copies no byte often.
func TestHostileReplies(t *testing.T) {
	d := entraconn.NewDialer(mintedSource(t, nil), nil)
	for _, h := range hostileReplies() {
		row := "| server: " + h.name + " |"
		for _, piece := range []int{1, 16 << 10} {
			size := min(1<<20, piece<<15)
			stream := h.bytes(size)
			var conns []*entraconn.Conn
			var feeds []*feed
			live, allocated := used(func() {
				for range hostileSum {
					c, f := h.attack(t, d)
					f.stream, f.piece = stream, piece
					conns, feeds = append(conns, c), append(feeds, f)
				}
				buf := make([]byte, piece)
				for i, c := range conns {
					for len(feeds[i].stream) > 0 {
						if _, err := c.Read(buf); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
							t.Fatalf("%s: %v with %d bytes to come", h.name, err, len(feeds[i].stream))
						}
					}
				}
			})
			live, allocated = live/hostileSum, allocated/hostileSum
			row += fmt.Sprintf(" %d KiB | %.1f |", (live+1023)>>10, float64(allocated)/float64(size))
			if live > perConn {
				t.Errorf("%s, pieces of %d: %d bytes live", h.name, piece, live)
			}
			if allocated > int64(40*size) {
				t.Errorf("%s, pieces of %d: %d bytes allocated for %d", h.name, piece, allocated, size)
			}
			runtime.KeepAlive(conns)
			runtime.KeepAlive(stream)
		}
		t.Log(row)
	}
}

// Whatever a client writes, and in however small pieces, a connection keeps little of it beside what
// it holds back, and copies no byte often.
func TestHostileCommands(t *testing.T) {
	d := entraconn.NewDialer(mintedSource(t, nil), nil)
	for _, h := range hostileCommands() {
		row := "| client: " + h.name + " |"
		for _, piece := range []int{1, 16 << 10} {
			size := min(1<<20, piece<<15)
			held := 0
			if h.held {
				size = min(size, 1<<20-perConn) // more would wait, or not be held back any more
				held = size
			}
			stream := h.bytes(size)
			var conns []*entraconn.Conn
			live, allocated := used(func() {
				for range hostileSum {
					c, _ := h.attack(t, d)
					conns = append(conns, c)
					for rest := stream; len(rest) > 0; {
						n := min(len(rest), piece)
						if written, err := c.Write(rest[:n]); written != n || err != nil {
							t.Fatalf("%s: %d, %v", h.name, written, err)
						}
						rest = rest[n:]
					}
				}
			})
			live, allocated = live/hostileSum, allocated/hostileSum
			beside := ""
			if held > 0 {
				beside = fmt.Sprintf(", %d held back", held>>10)
			}
			row += fmt.Sprintf(" %d KiB%s | %.1f |", (live+1023)>>10, beside, float64(allocated)/float64(size))
			if live > int64(perConn+held) {
				t.Errorf("%s, pieces of %d: %d bytes live", h.name, piece, live)
			}
			if allocated > int64(40*size) {
				t.Errorf("%s, pieces of %d: %d bytes allocated for %d", h.name, piece, allocated, size)
			}
			runtime.KeepAlive(conns)
			runtime.KeepAlive(stream)
		}
		t.Log(row)
	}
}

// A command of more than a mebibyte is not held back any more: it goes out as it is, however it is
// cut.
func TestHeldCommandOfAnyLengthGoesOut(t *testing.T) {
	for _, piece := range []int{16, 1000, 1 << 20, 8 << 20} {
		inner := &cutWriter{take: -1}
		c := entraconn.NewDialer(mintedSource(t, nil), nil).Wrap(inner)
		command := encode("BLPOP", strings.Repeat("k", 1<<20+1<<18), "0")
		for rest := command; len(rest) > 0; {
			n := min(len(rest), piece)
			if written, err := c.Write(rest[:n]); written != n || err != nil {
				t.Fatal(written, err)
			}
			rest = rest[n:]
		}
		if got := inner.got[len(mintedLogin):]; !bytes.Equal(got, command) {
			t.Errorf("pieces of %d: %d bytes arrived, %d were written", piece, len(got), len(command))
		}
		c.Close()
	}
}

// A server that is starting answers each command of a handshake with an error. What the client has
// not asked for yet is not kept for it.
func TestManyCommandsInAHandshakeThatFails(t *testing.T) {
	var conns []*entraconn.Conn
	d := entraconn.NewDialer(mintedSource(t, &entra.Observer{}), nil)
	handshake := append(modelserver.Encode("HELLO 3"), bytes.Repeat(modelserver.Encode("GET k"), 50_000)...)
	live, _ := used(func() {
		f := &feed{stream: []byte("-LOADING Redis is loading the dataset in memory\r\n"), piece: 1 << 20}
		c := d.Wrap(f)
		t.Cleanup(func() { c.Close() })
		if _, err := c.Write(handshake); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 64)
		n, err := c.Read(buf)
		if err != nil || !strings.HasPrefix(string(buf[:n]), "-LOADING") {
			t.Fatalf("%q, %v", buf[:n], err)
		}
		conns = append(conns, c)
	})
	if live > perConn {
		t.Errorf("%d bytes live", live)
	}
	runtime.KeepAlive(conns)
}
