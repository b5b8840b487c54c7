package entraconn_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidwall/redcon"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entratest"
)

// A client that follows streams from their ends sees one call, although it waits for a day and more. It
// returns what is added in the end, and no connection is closed.
func TestStreamIsFollowedAcrossTwentyTokens(t *testing.T) {
	for _, tc := range []struct{ hello, version string }{{"*14", "2"}, {"%7", "3"}} {
		for name, reading := range map[string]bool{"waiting": true, "sent, to be received later": false} {
			t.Run("RESP"+tc.version+", "+name, func(t *testing.T) {
				inBubble(t, func(s *site) {
					open := s.dialer(nil)
					reader, other := open(), open()
					defer reader.Close()
					defer other.Close()
					reader.do("HELLO "+tc.version, tc.hello)
					reader.readLines(25)
					other.do("XADD s 1-1 f old", "$3")
					other.reply("1-1")
					if err := reader.send("XREAD BLOCK 0 STREAMS none s $ $"); err != nil {
						t.Fatal(err)
					}
					lines := []string{"*1", "*2", "$1", "s", "*1", "*2", "$3", "1-2", "*2", "$1", "f", "$3", "new"}
					if tc.version == "3" {
						lines = append([]string{"%1"}, lines[2:]...)
					}
					wait := func() { reader.reply(lines...) }
					if reading {
						wait = reader.later(lines...)
					}
					for range 20 {
						s.afterRotation()
					}
					other.do("XADD s 1-2 f new", "$3")
					other.reply("1-2")
					wait()
					reader.do("PING", "+PONG")
					if stats := s.gateway.Stats(); stats.Expired > 0 || stats.Accepted != 2 {
						t.Errorf("%+v", stats)
					}
					if renewed, refused := s.events.authsIn(entra.AuthRotation); renewed < 20 || refused > 0 {
						t.Errorf("%d AUTHs in rotations, %d refused", renewed, refused)
					}
				})
			})
		}
	}
}

// Readers that wait from the end of a stream get every entry that is added after they have begun, as
// beside them readers with a password do: at any moment, also between two slices.
func TestFollowersOfAStreamMissNothing(t *testing.T) {
	const readers, rounds = 20, 12
	follow := func(t *testing.T, plain bool) (lost, failed int) {
		synctest.Test(t, func(t *testing.T) {
			network := entratest.NewNetwork()
			l, err := network.Listen(addr)
			if err != nil {
				t.Fatal(err)
			}
			sts := entratest.NewSTS(nil)
			gateway := entratest.NewGateway(l, &entratest.GatewayOptions{STS: sts, StaticUsers: map[string]string{"plain": "password"}})
			defer gateway.Close()
			src, err := entra.NewSource(sts.Credential(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			d := &dice{rnd: rand.New(rand.NewPCG(*seedFlag, 1))}
			ours := entraconn.NewDialer(src, nil).DialFunc(network.DialContext)
			s := &site{t: t}
			open := func(plain bool) *client {
				if !plain {
					return s.client(ours)
				}
				c := s.client(network.DialContext)
				c.do("AUTH plain password", "+OK")
				return c
			}
			var mu sync.Mutex
			var all sync.WaitGroup
			for i := range readers {
				reader, producer, key := open(plain), open(true), fmt.Sprint("stream", i)
				defer reader.Close()
				defer producer.Close()
				all.Go(func() {
					for n := 1; n <= rounds; n++ {
						id := fmt.Sprint(n, "-1")
						began, added := make(chan struct{}), make(chan struct{})
						all.Go(func() {
							defer close(added)
							<-began
							elapse(d.within(3 * time.Hour))
							if err := producer.send("XADD " + key + " " + id + " n v"); err != nil {
								t.Error(err)
							}
							producer.expect("$"+itoa(len(id)), id)
						})
						if err := reader.send("XREAD BLOCK 0 STREAMS " + key + " $"); err != nil {
							t.Error(err)
						}
						time.AfterFunc(time.Millisecond, func() { close(began) })
						text, err := readEntry(reader)
						<-added
						mu.Lock()
						switch {
						case err != nil:
							failed++
						case !strings.Contains(text, "\n"+id+"\n"):
							lost++
						}
						mu.Unlock()
						if err != nil {
							return
						}
					}
				})
			}
			all.Wait()
			if n := gateway.Stats().Auths; !plain && n < 10*readers {
				t.Errorf("%d AUTHs", n)
			}
		})
		return lost, failed
	}
	for _, plain := range []bool{true, false} {
		if lost, failed := follow(t, plain); lost > 0 || failed > 0 {
			t.Errorf("plain %v: %d entries lost, %d calls failed of %d", plain, lost, failed, readers*rounds)
		}
	}
}

// readEntry reads the reply to an XREAD that has found one entry of one field in one stream.
func readEntry(c *client) (text string, err error) {
	for range 13 {
		line, err := c.line()
		if err != nil {
			return text, err
		}
		text += line + "\n"
	}
	return text, nil
}

// The command reads from where the stream ended when the client wrote it, and what the client has written
// after it waits for its reply.
func TestCommandReadsFromWhereItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newNumberedPair(t)
		p.sends(p.conn, "XREAD COUNT 1 BLOCK 0 STREAMS a b 5 $", "GET k")
		read := p.beginRead()
		synctest.Wait()
		if heard := p.server.heard(); !bytes.HasSuffix(heard, modelserver.Encode("XINFO STREAM b")) {
			t.Fatalf("the server heard %q", heard)
		}
		p.server.says("%1\r\n$17\r\nlast-generated-id\r\n$4\r\n17-5\r\n")
		heard := string(p.server.heard())
		command := heard[strings.Index(heard, "XREAD"):]
		if !strings.HasSuffix(heard, "\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\n5\r\n$4\r\n17-5\r\n") || strings.Contains(command, "\r\n$1\r\n0\r\n") {
			t.Errorf("the server heard %q", heard)
		}
		const entry = "%1\r\n$1\r\nb\r\n*1\r\n*2\r\n$4\r\n17-6\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n"
		p.server.says(entry)
		if got := <-read; got.text != entry || got.err != nil {
			t.Errorf("the client read %q, %v", got.text, got.err)
		}
		if heard := p.server.heard(); !bytes.HasSuffix(heard, modelserver.Encode("GET k")) {
			t.Errorf("the server heard %q", heard)
		}
	})
}

// A CLIENT UNBLOCK on another connection of the client ends a call for which the server is being asked.
func TestUnblockEndsACallThatIsBeingAskedFor(t *testing.T) {
	for command, want := range map[string]string{"CLIENT UNBLOCK 17": "_\r\n", "CLIENT UNBLOCK 17 ERROR": unblockedWords} {
		synctest.Test(t, func(t *testing.T) {
			p := newNumberedPair(t)
			p.sends(p.conn, "XREAD BLOCK 0 STREAMS s $")
			read := p.beginRead()
			p.sends(p.other, command)
			p.server.says("-ERR no such key\r\n")
			if got := <-read; got.text != want || got.err != nil {
				t.Errorf("%s: the client read %q, %v", command, got.text, got.err)
			}
			if heard := p.server.heard(); bytes.Contains(heard, []byte("XREAD")) {
				t.Errorf("the server heard %q", heard)
			}
			p.sends(p.conn, "GET k")
			p.server.says("$1\r\nx\r\n")
			p.reads("$1\r\nx\r\n")
		})
	}
}

// Close ends a call for which the server is being asked, and so does the server's end.
func TestConnectionEndsWhileTheServerIsAsked(t *testing.T) {
	for name, end := range map[string]func(p *connPair){
		"the client closes it": func(p *connPair) { p.conn.Close() },
		"the server closes it": func(p *connPair) { p.server.server.Close() },
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newNumberedPair(t)
			p.sends(p.conn, "XREAD BLOCK 0 STREAMS s $", "GET k")
			read := p.beginRead()
			p.server.says("%1\r\n$17\r\nlast-gen")
			end(p)
			if got := <-read; got.text != "" || got.err == nil {
				t.Errorf("%s: the client read %q, %v", name, got.text, got.err)
			}
			if heard := p.server.heard(); bytes.Contains(heard, []byte("XREAD")) {
				t.Errorf("%s: the server heard %q", name, heard)
			}
		})
	}
}

// A question of which not a byte was written is asked again when the client writes again.
func TestQuestionThatWasNotWritten(t *testing.T) {
	inBubble(t, func(s *site) {
		p, end := newPlug(s, false)
		defer end()
		defer p.Close()
		p.do("PING", "+PONG")
		p.wire.clog(0)
		if err := p.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		command := encode("XREAD", "BLOCK", "0", "STREAMS", "s", "$")
		if n, err := p.Write(command); n != 0 || err == nil {
			t.Fatalf("%d, %v", n, err)
		}
		if err := p.SetWriteDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		p.wire.clog(-1)
		p.do("GET k", "$-1") // nothing is left of the call
		if n, err := p.Write(command); n != len(command) || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		wait := p.later("*1", "*2", "$1", "s", "*1", "*2", "$3", "1-1", "*2", "$1", "f", "$1", "v")
		other := s.dialer(nil)()
		defer other.Close()
		s.afterRotation()
		other.do("XADD s 1-1 f v", "$3")
		wait()
	})
}

// A server that forbids XINFO STREAM is asked once, and again after an hour. Until then such calls go
// out as they are, and their connections are retired before the token expires.
func TestServerThatForbidsXinfoIsNotAskedAgain(t *testing.T) {
	inBubble(t, func(s *site) {
		var mu sync.Mutex
		asked := 0
		l, err := s.network.Listen("127.0.0.6:6380")
		if err != nil {
			t.Fatal(err)
		}
		var serving sync.WaitGroup
		serving.Go(func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				serving.Go(func() {
					defer conn.Close()
					for rd := redcon.NewReader(conn); ; {
						cmd, err := rd.ReadCommand()
						if err != nil {
							return
						}
						switch string(cmd.Args[0]) {
						case "XINFO":
							mu.Lock()
							asked++
							mu.Unlock()
							io.WriteString(conn, "-NOPERM this user has no permissions to run the 'xinfo|stream' command\r\n")
						case "CLIENT":
							io.WriteString(conn, ":17\r\n")
						case "XREAD":
						default:
							io.WriteString(conn, "+OK\r\n")
						}
					}
				})
			}
		})
		ours := entraconn.NewDialer(s.src, nil).DialFunc(s.network.DialContext)
		open := func() *client {
			conn, err := ours(s.t.Context(), "tcp", "127.0.0.6:6380")
			if err != nil {
				t.Fatal(err)
			}
			return &client{t, conn, nil}
		}
		var tok entra.Token
		wait := func(n int) (ends <-chan error) {
			t.Helper()
			c := open()
			if tok, err = s.src.Token(s.t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := c.send("XREAD BLOCK 0 STREAMS s $"); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() {
				_, err := io.Copy(io.Discard, c)
				ended <- err
				c.Close()
			}()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if asked != n {
				t.Errorf("the server was asked %d times, want %d", asked, n)
			}
			return ended
		}
		keeper := open()
		defer keeper.Close()
		if err := keeper.send("PING"); err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.Copy(io.Discard, keeper) }()

		first, second := wait(1), wait(1)
		expires := tok.ExpiresOn()
		for _, ended := range []<-chan error{first, second} {
			if err := <-ended; err != nil { // io.Copy takes EOF for success
				t.Errorf("ended with %v", err)
			}
			if remaining := time.Until(expires); remaining <= 0 || remaining > time.Minute {
				t.Errorf("ended %v before the token", remaining)
			}
		}
		third := wait(2) // an hour later
		keeper.Close()
		if err := <-third; err != nil {
			t.Errorf("ended with %v", err)
		}
		synctest.Wait()
		fourth := open() // after the last connection the server is another one, as far as can be known
		if err := fourth.send("XREAD BLOCK 0 STREAMS s $"); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if n, err := fourth.Read(make([]byte, 1)); n > 0 || err == nil {
				t.Errorf("read %d, %v", n, err)
			}
		}()
		synctest.Wait()
		mu.Lock()
		if asked != 3 {
			t.Errorf("the server was asked %d times, want 3", asked)
		}
		mu.Unlock()
		fourth.Close()
		<-ended
		l.Close()
		serving.Wait()
	})
}
