package entraconn_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
)

// A connPair is two connections of one client to one server. Calls block on the first one, and
// CLIENT UNBLOCK goes out on the other one.
type connPair struct {
	t                   *testing.T
	dialer              *entraconn.Dialer
	conn, other         *entraconn.Conn
	server, otherServer *peer
	writes              *slowWrites // below conn
}

// newConnPair returns two connections on which nothing was written. It runs in a bubble.
func newConnPair(t *testing.T) *connPair {
	src, err := entra.NewSource(lastToken(time.Now().Add(75*time.Minute)), &entra.Options{Username: "us"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	peers := newPeers(t, 2)
	p := &connPair{t: t, server: peers[0], otherServer: peers[1], writes: &slowWrites{Conn: peers[0].client}}
	p.dialer = entraconn.NewDialer(src, nil)
	p.conn, p.other = p.dialer.Wrap(p.writes), p.dialer.Wrap(peers[1].client)
	t.Cleanup(func() { p.conn.Close() })
	t.Cleanup(func() { p.other.Close() })
	tooLate := time.AfterFunc(10*time.Hour, func() { p.server.server.Close() }) // ends a read that waits in vain
	t.Cleanup(func() { tooLate.Stop() })
	return p
}

// newNumberedPair returns two connections, of which the first knows that it is number 17 of the
// server. It runs in a bubble.
func newNumberedPair(t *testing.T) *connPair {
	p := newConnPair(t)
	const hello = "%1\r\n$2\r\nid\r\n:17\r\n"
	p.sends(p.conn, "HELLO 3")
	p.server.says("+OK\r\n" + hello)
	p.reads(hello)
	return p
}

// sends writes commands.
func (p *connPair) sends(c io.Writer, commands ...string) {
	p.t.Helper()
	if _, err := c.Write(modelserver.Encode(commands...)); err != nil {
		p.t.Fatal(err)
	}
}

// reads reads what the client must get on the first connection.
func (p *connPair) reads(want string) {
	p.t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(p.conn, got); err != nil || string(got[:n]) != want {
		p.t.Errorf("the client read %q, %v; want %q", got[:n], err, want)
	}
}

// A readResult is what one Read returned.
type readResult struct {
	text string
	err  error
}

// beginRead begins one read of the first connection.
func (p *connPair) beginRead() <-chan readResult {
	done := make(chan readResult, 1)
	go func() {
		b := make([]byte, 100)
		n, err := p.conn.Read(b)
		done <- readResult{string(b[:n]), err}
	}()
	return done
}

// sleepPastSlice lets time pass until just after the end of the slice.
func (p *connPair) sleepPastSlice() {
	p.t.Helper()
	time.Sleep(p.server.slice() + time.Millisecond)
}

// holdAtEndOfSlice ends the slice on the wire, and lets time pass until just after the end of the
// next one. The write of that has not returned: what the server says now is read, and the command
// does not go out again before resume.
func (p *connPair) holdAtEndOfSlice(null string) (resume func()) {
	p.t.Helper()
	p.sleepPastSlice()
	slices := p.server.slices()
	release := p.writes.hold()
	p.server.says(null)
	if got := p.server.slices(); got != slices+1 {
		p.t.Errorf("BLPOP was sent %d times, want %d", got, slices+1)
	}
	p.sleepPastSlice()
	return func() {
		release()
		synctest.Wait()
	}
}

// fillBacklog writes so much that there is no room for a later write: a mebibyte.
func (p *connPair) fillBacklog() {
	const head = "*2\r\n$3\r\nGET\r\n$1048551\r\n"
	p.sends(p.conn, "GET "+strings.Repeat("k", 1<<20-len(head+"\r\n")))
}

// writeAfter writes GET k after a while.
func (p *connPair) writeAfter(d time.Duration) (written <-chan error) {
	done := make(chan error, 1)
	time.AfterFunc(d, func() {
		_, err := p.conn.Write(modelserver.Encode("GET k"))
		done <- err
	})
	return done
}

// checkUnblocked checks that the command did not go out again, and that the connection is as if the
// call had ended itself.
func (p *connPair) checkUnblocked(slices int) {
	p.t.Helper()
	if !bytes.HasSuffix(p.server.heard(), modelserver.Encode("GET k")) {
		p.t.Errorf("what the client wrote after the call was not sent: %q", p.server.heard())
	}
	if n := p.server.slices(); n != slices {
		p.t.Errorf("BLPOP was sent %d times, want %d", n, slices)
	}
	p.sends(p.conn, "GET k")
	p.server.says("$1\r\ny\r\n")
	p.reads("$1\r\ny\r\n") // no deadline of ours is left on the connection below
}
