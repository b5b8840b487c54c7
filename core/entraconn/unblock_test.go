package entraconn_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
)

// A CLIENT UNBLOCK between two slices finds nothing to unblock at the server. The call ends
// nevertheless, and what the client has written after it goes out.
func TestUnblockBetweenTwoSlices(t *testing.T) {
	for name, greet := range map[string]struct{ command, reply, null string }{
		"HELLO": {"HELLO 3", "%1\r\n$2\r\nid\r\n:17\r\n", "_\r\n"},
		"PING":  {"PING", "+PONG\r\n", "*-1\r\n"}, // CLIENT ID goes with the first slice
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newConnPair(t)
				p.sends(p.conn, greet.command)
				p.server.says("+OK\r\n" + greet.reply)
				p.reads(greet.reply)

				p.sends(p.conn, "BLPOP k 0")
				done := make(chan struct{})
				go func() {
					defer close(done)
					p.reads(greet.null + "$1\r\nx\r\n")
				}()
				synctest.Wait()
				if name == "PING" {
					p.server.says(":17\r\n")
				}
				p.sends(p.conn, "GET k")
				resume := p.holdAtEndOfSlice(greet.null)
				p.server.says(greet.null)
				p.sends(p.other, "CLIENT UNBLOCK 17")
				resume()
				p.server.says("$1\r\nx\r\n")
				<-done
				p.checkUnblocked(2)
			})
		})
	}
}

// A client may write more than we hold back and not read. Then we read the null at the end of a
// slice, and after a CLIENT UNBLOCK the client finds the reply when it reads.
func TestUnblockOfAClientThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newNumberedPair(t)
		p.sends(p.conn, "BLPOP k 0")
		p.fillBacklog()
		written := p.writeAfter(p.server.slice()) // and looks meanwhile for what the server says
		resume := p.holdAtEndOfSlice("_\r\n")
		p.server.says("_\r\n")
		time.Sleep(time.Second) // until that was read
		p.sends(p.other, "CLIENT UNBLOCK 17")
		resume()
		if err := <-written; err != nil {
			t.Error(err)
		}
		p.server.says("$1\r\nx\r\n$1\r\nx\r\n")
		p.reads("_\r\n$1\r\nx\r\n$1\r\nx\r\n")
		p.checkUnblocked(2)
	})
}

// A read of ours has found the null at the end of a slice, and has not ended, when the call is
// cancelled. The client's next read returns the reply at once, whatever its deadline.
func TestUnblockWhileWeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newConnPair(t)
		p.sends(p.conn, "BLPOP k 0")
		p.fillBacklog()
		written := p.writeAfter(p.server.slice())
		p.sleepPastSlice()
		// The goroutine that reads reports the AUTH when it has taken all that it has read at once.
		reports, resume := p.writes.holdReport()
		p.server.says("+OK\r\n:17\r\n*-1\r\n")
		<-reports
		p.sends(p.other, "CLIENT UNBLOCK 17")
		resume()
		if err := <-written; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		began := time.Now()
		if err := p.conn.SetReadDeadline(began.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		p.reads("*-1\r\n")
		if d := time.Since(began); d > time.Second {
			t.Errorf("the client read that after %v", d)
		}
		p.server.says("$1\r\nx\r\n$1\r\nx\r\n")
		p.reads("$1\r\nx\r\n$1\r\nx\r\n")
		p.checkUnblocked(1)
	})
}

// Each of several proxies behind one address counts its connections, so two of a client may have one
// number. A CLIENT UNBLOCK between two slices could be for either, and ends the call of neither: that is
// left to the server. It ends the call if the other connection has ended or has another peer.
func TestUnblockOfTwoConnectionsWithOneNumber(t *testing.T) {
	for name, tc := range map[string]struct {
		peer string // of the other connection
		ends func(twin *entraconn.Conn, server *peer)
		want string
	}{
		"both are open":                      {peer: "127.0.0.4:6379", want: "*1\r\n+v\r\n"},
		"both are open, and only one blocks": {peer: "127.0.0.4:6379", want: "*1\r\n+v\r\n"},
		"the client has closed one":          {peer: "127.0.0.4:6379", ends: func(c *entraconn.Conn, _ *peer) { c.Close() }, want: "_\r\n"},
		"the server has closed one":          {peer: "127.0.0.4:6379", ends: func(_ *entraconn.Conn, server *peer) { server.server.Close() }, want: "_\r\n"},
		"they have different peers":          {peer: "127.0.0.5:6379", want: "_\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newNumberedPair(t)
				p.sends(p.conn, "BLPOP k 0")
				read := p.beginRead()
				resume := p.holdAtEndOfSlice("_\r\n")

				server := newPeers(t, 1)[0]
				dial := p.dialer.DialFunc(func(context.Context, string, string) (net.Conn, error) {
					return &elsewhere{server.client, tc.peer}, nil
				})
				dialed, err := dial(t.Context(), "tcp", p.conn.RemoteAddr().String()) // where Wrap takes p.conn to be
				if err != nil {
					t.Fatal(err)
				}
				twin := dialed.(*entraconn.Conn)
				defer twin.Close()
				p.sends(twin, "HELLO 3")
				if !strings.Contains(name, "only one") {
					p.sends(twin, "BLPOP k 0")
				}
				go func() { _, _ = io.Copy(io.Discard, twin) }() // until it ends
				server.says("+OK\r\n%1\r\n$2\r\nid\r\n:17\r\n")
				if tc.ends != nil {
					tc.ends(twin, server)
					synctest.Wait()
				}

				p.server.says("_\r\n")
				p.sends(p.other, "CLIENT UNBLOCK 17")
				resume()
				slices := 2
				if tc.want != "_\r\n" {
					slices = 3
					p.server.says(tc.want)
				}
				if got := <-read; got.text != tc.want || got.err != nil {
					t.Errorf("the client read %q, %v; want %q", got.text, got.err, tc.want)
				}
				if n := p.server.slices(); n != slices {
					t.Errorf("BLPOP was sent %d times, want %d", n, slices)
				}
				if heard := p.otherServer.heard(); !bytes.HasSuffix(heard, modelserver.Encode("CLIENT UNBLOCK 17")) {
					t.Errorf("the server heard %q", heard)
				}
			})
		})
	}
}

// elsewhere is a connection to another address than the network says.
type elsewhere struct {
	net.Conn
	peer string
}

func (c *elsewhere) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.peer))
}

// Below a client that says no HELLO, CLIENT UNBLOCK between two slices ends the call that it is
// for, as it says, and no other call.
func TestUnblockOfClientsWithoutHello(t *testing.T) {
	const value = "*2\r\n$1\r\nk\r\n$1\r\nv\r\n"
	for command, want := range map[string]string{
		"CLIENT UNBLOCK 17": "*-1\r\n", "CLIENT UNBLOCK 17 ERROR": unblockedWords, "CLIENT UNBLOCK 18": value,
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newConnPair(t)
			p.sends(p.conn, "BLPOP k 0")
			read := p.beginRead()
			p.server.says("+OK\r\n:17\r\n")
			resume := p.holdAtEndOfSlice("*-1\r\n")
			p.server.says("*-1\r\n")
			p.sends(p.other, command)
			resume()
			if want == value {
				p.server.says(value)
			}
			if got := <-read; got.text != want {
				t.Errorf("%s: the client read %q, want %q", command, got.text, want)
			}
			if n := bytes.Count(p.server.heard(), modelserver.Encode("CLIENT ID")); n != 1 {
				t.Errorf("CLIENT ID was sent %d times", n)
			}
		})
	}
}
