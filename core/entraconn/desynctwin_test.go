package entraconn_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidwall/redcon"

	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// A disorder is a server that sends something which answers no command, or leaves an answer out, while
// an AUTH of ours is unanswered between commands of the client: two before it, four after it.
type disorder struct {
	stray string // "" for an answer that is left out
	at    string // the command whose answer comes next, or is left out: the argument of an ECHO, AUTH or HELLO
	piece int    // how many bytes the server writes at once
}

// toHello is a server's answer to HELLO without arguments, which goes out after such an AUTH.
const toHello = "*4\r\n$5\r\nproto\r\n:2\r\n$2\r\nid\r\n:7\r\n"

// A disorderOutcome is what the client reads.
type disorderOutcome struct {
	read string
	err  error // that ended the connection, nil if it is open
}

// answers returns what the server answers.
func (d disorder) answers(heard []byte) string {
	var all strings.Builder
	rd := redcon.NewReader(bytes.NewReader(heard))
	for {
		cmd, err := rd.ReadCommand()
		if err != nil {
			break
		}
		name, answer := string(cmd.Args[0]), ""
		switch name {
		case "AUTH":
			answer = "+OK\r\n"
		case "HELLO":
			answer = toHello
		default:
			name = string(cmd.Args[1])
			answer = "+" + name + "\r\n"
		}
		if name == d.at {
			all.WriteString(d.stray)
			if d.stray == "" {
				answer = ""
			}
		}
		all.WriteString(answer)
	}
	return all.String()
}

// connectTwin returns a connection to p that is logged in: a plain one, or one of ours.
func connectTwin(p *peer, dialer *entraconn.Dialer) net.Conn {
	conn, login := p.client, encode("AUTH", "service", "password")
	if dialer != nil {
		conn, login = dialer.Wrap(p.client), nil
	}
	if _, err := conn.Write(append(login, encode("ECHO", "first")...)); err != nil {
		p.t.Fatal(err)
	}
	want := "+first\r\n"
	p.says("+OK\r\n+first\r\n")
	if dialer == nil {
		want = "+OK\r\n" + want
	}
	read := make([]byte, len(want))
	if _, err := io.ReadFull(conn, read); err != nil || string(read) != want {
		p.t.Fatalf("read %q, %v after the login", read, err)
	}
	return conn
}

func (d disorder) run(t *testing.T, ours bool) (o disorderOutcome) {
	t.Helper()
	inBubble(t, func(s *site) {
		var dialer *entraconn.Dialer
		if ours {
			dialer = entraconn.NewDialer(s.src, nil)
		}
		peers := newPeers(s.t, 2)
		p := peers[0]
		c := connectTwin(p, dialer)
		before := len(p.heard())
		write := func(args ...string) {
			for _, arg := range args {
				if _, err := c.Write(encode("ECHO", arg)); err != nil {
					t.Fatal(err)
				}
			}
		}
		write("0", "1")
		s.nextToken()
		synctest.Wait() // an AUTH is due, and rides in what is written now
		write("2", "3", "4", "5")
		synctest.Wait()
		heard := p.heard()[before:]
		if isSent := bytes.Contains(heard, []byte("AUTH")); isSent != ours {
			t.Fatalf("an AUTH was sent: %v", isSent)
		}
		read := make(chan []byte)
		go func() {
			_ = c.SetReadDeadline(time.Now().Add(time.Second))
			all, err := io.ReadAll(c)
			if o.err = err; errors.Is(err, os.ErrDeadlineExceeded) {
				o.err = nil
			}
			read <- all
		}()
		for answers := d.answers(heard); answers != ""; {
			n := min(d.piece, len(answers))
			if _, err := io.WriteString(p.server, answers[:n]); err != nil {
				break // the connection has ended
			}
			synctest.Wait()
			answers = answers[n:]
		}
		o.read = string(<-read)
		if o.err != nil {
			s.gone(&client{t: s.t, Conn: c})
		}
		c.Close()
		connectTwin(peers[1], dialer).Close()
	})
	return o
}

// Where the answer to an AUTH of ours cannot be told from the client's replies, the client has read all
// replies up to there as with a password, and nothing that it would not read there. The connection ends
// instead of giving it replies that answer other commands, and a new one works.
//
// Two disorders look as a sound server's answers do. Where a reply before that to AUTH is left out, our +OK
// takes its place, and AUTH counts as one that was refused without an answer. A reply too many beside the
// answers to AUTH and HELLO is taken for one of them, because proxies may answer HELLO with anything, and the
// client reads that answer where it reads the reply too many with a password.
func TestDisorderedRepliesGiveNothingThatAPasswordDoesNot(t *testing.T) {
	strays := []string{
		"", "garbage\r\n", "+QUEUED\r\n", "+OK\r\n", "+PONG\r\n", "-ERR stray\r\n", "-WRONGPASS stray\r\n", ":1\r\n",
		"$3\r\nabc\r\n", "$-1\r\n", "*1\r\n:1\r\n", "*-1\r\n", "_\r\n", "%1\r\n:1\r\n:1\r\n", "$9\r\nab", "\r\n",
	}
	const right = "+0\r\n+1\r\n+2\r\n+3\r\n+4\r\n+5\r\n"
	ended := 0
	for _, stray := range strays {
		for _, at := range []string{"0", "1", "AUTH", "HELLO", "2", "3", "5"} {
			isOurs := at == "AUTH" || at == "HELLO"
			if stray == "" && isOurs {
				continue // nothing is left out of a client's replies
			}
			for _, piece := range []int{1, 1000} {
				t.Run(fmt.Sprintf("%q before %s in pieces of %d", stray, at, piece), func(t *testing.T) {
					d := disorder{stray, at, piece}
					isLeftOut := (stray == "" || stray == "$9\r\nab") && at <= "1" // the latter swallows a reply
					ours := d.run(t, true)
					if isOurs {
						d.at = "2" // the same place between the client's replies
					}
					plain := d.run(t, false)
					inOrder := right[:strings.Index(right, "+"+d.at)]
					switch {
					case isLeftOut && ours.err == nil && strings.Replace(ours.read, "+OK\r\n", "", 1) == plain.read:
					case isOurs && ours.err == nil && strings.HasPrefix(ours.read, inOrder) && strings.HasSuffix(ours.read, right[len(inOrder):]):
					case !strings.HasPrefix(plain.read, ours.read) || !strings.HasPrefix(ours.read, inOrder):
						t.Errorf("read %q, with a password %q", ours.read, plain.read)
					case ours.err != nil && (ours.err != session.ErrDesync || at > "1" && !isOurs):
						t.Errorf("ended: %v", ours.err)
					case ours.err == nil && ours.read != plain.read:
						t.Errorf("read only %q, with a password %q, and the connection is open", ours.read, plain.read)
					case isOurs && ours.err != nil && ours.read != inOrder:
						t.Errorf("read %q, where the answer to AUTH was in disorder", ours.read)
					}
					if ours.err != nil {
						ended++
					}
				})
			}
		}
	}
	if ended < 50 {
		t.Errorf("only %d connections ended", ended)
	}
}
