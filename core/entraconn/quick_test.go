package entraconn

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// Nearly every command and reply is taken without a closer look. What needs one must not be.

func sessionAfter(commands string) *session {
	s := &session{}
	s.init()
	s.plan(story{commands: strings.Split(commands, ", ")}.encode(), nil, nil, &standstill{})
	return s
}

func TestCommandsThatNeedACloserLook(t *testing.T) {
	ordinary := encodeOne("GET k")
	for _, tc := range []struct {
		before string
		next   []byte
		taken  bool
	}{
		{"GET k", ordinary, true},
		{"MULTI", ordinary, true},
		{"GET k", encodeOne("MULTI"), false},
		{"GET k", append(encodeOne("GET k"), encodeOne("RESET")...), false},
		{"GET k", ordinary[:7], false},
		{"ASKING", ordinary, false},                          // nothing may come between it and the next one
		{"CLIENT REPLY SKIP", ordinary, false},               // gives no reply
		{"CLIENT REPLY OFF", ordinary, false},                // so do all
		{"SUBSCRIBE a", ordinary, false},                     // its wire speaks another version than the host
		{"BLPOP k 0", ordinary, false},                       // must wait behind it
		{"GET k, BLPOP k 0", encodeOne("GET behind"), false}, // so must that, and the other is not sent yet
	} {
		s := sessionAfter(tc.before)
		was := s.sent
		commands, ok := s.takeOrdinary(tc.next)
		if ok != tc.taken || ok && commands != 1 {
			t.Errorf("%s, and then %q: took %d commands, %v", tc.before, tc.next, commands, ok)
		}
		if !ok && s.sent != was {
			t.Errorf("%s, and then %q: not taken, but left %+v, was %+v", tc.before, tc.next, s.sent, was)
		}
	}
	s := sessionAfter("GET k")
	s.plan(encodeOne("BLPOP k 0")[:20], nil, nil, &standstill{}) // held back until it is whole
	if _, ok := s.takeOrdinary(ordinary); ok {
		t.Error("took what may be the rest of a command that is held back")
	}
}

// What was taken and not written is as if it had never been.
func TestCommandsTakenBack(t *testing.T) {
	s := sessionAfter("GET k")
	long := encodeOne("SET k " + strings.Repeat("x", 100))
	for _, p := range [][]byte{encodeOne("GET k"), append(encodeOne("GET k"), encodeOne("GET k")...), long[30:60]} {
		if len(p) == 30 {
			s.plan(long[:30], nil, nil, &standstill{})
		}
		was := s.sent
		commands, ok := s.takeOrdinary(p)
		if !ok || s.sent == was {
			t.Fatalf("%q: %v", p, ok)
		}
		if before := s.beforeOrdinary(len(p), commands); before != was {
			t.Errorf("%q: %+v before it, was %+v", p, before, was)
		}
	}
}

func TestRepliesThatNeedACloserLook(t *testing.T) {
	const reply = "$1\r\nx\r\n"
	for _, tc := range []struct {
		commands string
		change   func(*session)
		taken    bool
	}{
		{"GET k", func(*session) {}, true},
		{"GET k, BLPOP k 0", func(*session) {}, false}, // which is sent when all before it is answered
		{"BLPOP k 0", func(*session) {}, false},
		{"HELLO 3", func(*session) {}, false},
		{"GET k", func(s *session) { s.owed = owedNull }, false}, // the null comes first
		{"GET k", func(s *session) { s.goBlind(becauseBlind) }, false},
		{"GET k", func(s *session) { s.goStreaming(becauseStreaming) }, false},
	} {
		s := sessionAfter(tc.commands)
		tc.change(s)
		if n := s.takeExpected([]byte(reply)); n != map[bool]int{true: len(reply)}[tc.taken] {
			t.Errorf("%s: took %d bytes", tc.commands, n)
		}
	}
}

// Hosts read four kilobytes at a time, so most longer replies come in pieces.
func TestRepliesInPiecesNeedNoCloserLook(t *testing.T) {
	const reply = "*3\r\n$5\r\nhello\r\n:42\r\n$200\r\n"
	all := []byte(reply + strings.Repeat("x", 200) + "\r\n")
	for cut := 1; cut < len(all); cut++ {
		s := sessionAfter("LRANGE k 0 2, GET k")
		before := s.read
		for _, p := range [][]byte{all[:cut], all[cut:]} {
			if n := s.takeExpected(p); n != len(p) {
				t.Fatalf("cut at %d: took %d bytes of %q", cut, n, p)
			}
		}
		if s.read != before+1 {
			t.Fatalf("cut at %d: %d replies", cut, s.read-before)
		}
	}
}

// An answer of ours, or one that is read along with the host, is not taken for the host's because it comes in pieces.
func TestAnswersInPiecesAreFollowed(t *testing.T) {
	const hello = "%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$2\r\nid\r\n:42\r\n"
	for _, known := range []int64{0, 42} {
		for _, tc := range []struct{ command, host string }{{"SUBSCRIBE a", ""}, {"HELLO 3", hello}} {
			for size := 1; size < len(hello); size++ {
				s := sessionAfter(tc.command)
				s.clientID = known
				host := ""
				for rest := []byte(hello); len(rest) > 0; {
					p := rest[:min(size, len(rest))]
					rest = rest[len(p):]
					kept, behind, err := s.received(p, s.takeExpected(p), &standstill{})
					if err != nil {
						t.Fatal(err)
					}
					host += string(p[:kept]) + string(behind)
				}
				if host != tc.host || s.clientID != 42 {
					t.Fatalf("%s, answered in pieces of %d bytes: the host read %q; the connection's number is %d", tc.command, size, host, s.clientID)
				}
			}
		}
	}
}

// The answer to a HELLO 2 of ours ends where a read does. What comes next in pieces is not taken for more of it.
func TestRepliesBehindAnAnswerOfOursAreWhole(t *testing.T) {
	s := sessionAfter("SUBSCRIBE a") // over a wire that speaks RESP3 meanwhile
	write := func(command string) { s.plan(encodeOne(command), nil, nil, &standstill{}) }
	read := func(all string) (host string) {
		p := []byte(all)
		kept, behind, err := s.received(p, s.takeExpected(p), &standstill{})
		if err != nil {
			t.Fatal(err)
		}
		return string(p[:kept]) + string(behind)
	}
	read("%1\r\n$2\r\nid\r\n:42\r\n")
	read(">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n")
	write("UNSUBSCRIBE a")
	read(">3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n")
	write("GET k")
	if host := read("*2\r\n$2\r\nid\r\n:42\r\n"); host != "" {
		t.Fatalf("the host read the answer to ours: %q", host)
	}
	if host := read("$5\r\nhe") + read("llo\r\n"); host != "$5\r\nhello\r\n" {
		t.Errorf("the host read %q", host)
	}
}

// The server said why it does not let us in, and then more. The host gets what it said, and EOF.
func TestNothingIsReadBehindLastWords(t *testing.T) {
	src, err := entra.NewSource(minted(time.Hour), &entra.Options{Username: "us"})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	inner := &loop{reply: []byte("-LOADING to AUTH\r\n")}
	c := NewDialer(src, nil).Wrap(inner)
	defer c.Close()
	if _, err := c.Write(encodeOne("GET k")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 100)
	if n, err := c.Read(got); string(got[:n]) != string(inner.reply) || err != nil {
		t.Errorf("%q, %v", got[:n], err)
	}
	inner.reply = []byte("-LOADING to GET\r\n")
	if n, err := c.Read(got); n > 0 || err != io.EOF {
		t.Errorf("and then %q, %v", got[:n], err)
	}
}

// dying returns EOF with what it reads, as TLS does when the end stands behind it already.
type dying struct{ net.Conn }

func (d dying) Read(p []byte) (n int, err error) {
	n, _ = d.Conn.Read(p)
	return n, io.EOF
}

func TestAnEndThatComesWithAReplyIsRemembered(t *testing.T) {
	c := loggedIn(t)
	if _, err := c.Write(encodeOne("GET k")); err != nil {
		t.Fatal(err)
	}
	c.inner = dying{c.inner}
	if n, err := c.Read(make([]byte, 100)); n == 0 || err != io.EOF || c.end == nil {
		t.Errorf("%d, %v, remembered: %+v", n, err, c.end)
	}
}

func TestAConnectionThatHasEndedWritesNothing(t *testing.T) {
	gone := errors.New("gone")
	for _, tc := range []struct {
		end  func(*Conn)
		want error
	}{
		{func(c *Conn) { c.Close() }, net.ErrClosed},
		{func(c *Conn) { c.mu.Lock(); c.fail("server", gone); c.mu.Unlock() }, gone},
	} {
		c := loggedIn(t)
		inner := c.inner.(*loop)
		tc.end(c)
		wrote := inner.writes
		if _, err := c.Write(encodeOne("GET k")); !errors.Is(err, tc.want) || inner.writes != wrote {
			t.Errorf("%v, and %d writes", err, inner.writes-wrote)
		}
	}
}

func TestDeadlinesBehindCloseAreErrors(t *testing.T) {
	c := loggedIn(t)
	c.inner = &refusing{Conn: c.inner}
	for range 2 {
		if err := c.SetDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	c.Close()
	for _, set := range []func(time.Time) error{c.SetDeadline, c.SetReadDeadline, c.SetWriteDeadline} {
		if err := set(time.Time{}); err != net.ErrClosed {
			t.Error(err)
		}
	}
}

// refusing says that it is closed, as sockets do.
type refusing struct {
	net.Conn
	closed bool
}

func (r *refusing) Close() error {
	r.closed = true
	return nil
}

func (r *refusing) deadline() error {
	if r.closed {
		return net.ErrClosed
	}
	return nil
}

func (r *refusing) SetDeadline(time.Time) error      { return r.deadline() }
func (r *refusing) SetReadDeadline(time.Time) error  { return r.deadline() }
func (r *refusing) SetWriteDeadline(time.Time) error { return r.deadline() }

// A read of nothing is none.
func TestReadsOfNothingGoOn(t *testing.T) {
	inner := &nothing{}
	c := logIn(t, inner, &inner.loop)
	inner.reads = 3
	buf := make([]byte, 100)
	if n, err := c.Read(buf); string(buf[:n]) != "$5\r\nhello\r\n" || err != nil {
		t.Errorf("%q, %v", buf[:n], err)
	}
}

// nothing gives nothing in its next reads.
type nothing struct {
	loop
	reads int
}

func (n *nothing) Read(p []byte) (int, error) {
	if n.reads > 0 {
		n.reads--
		return 0, nil
	}
	return n.loop.Read(p)
}
