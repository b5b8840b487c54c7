package entraconn_test

import (
	"bytes"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
)

// A watchedConn calls before with what is about to be written.
type watchedConn struct {
	net.Conn
	before func(p []byte)
}

func (c *watchedConn) Write(p []byte) (int, error) {
	c.before(p)
	return c.Conn.Write(p)
}

// The server may run a CLIENT UNBLOCK, and the blocked connection may read its null, before the
// write of CLIENT UNBLOCK returns. The call ends then, also if that null comes after the end of the
// slice, and whether CLIENT UNBLOCK is written at once or was held back.
func TestCallIsToldOfUnblockBeforeTheServerIs(t *testing.T) {
	for name, heldBack := range map[string]bool{"written at once": false, "held back": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src, err := entra.NewSource(lastToken(time.Now().Add(75*time.Minute)), &entra.Options{Username: "us"})
				if err != nil {
					t.Fatal(err)
				}
				defer src.Close()
				peers := newPeers(t, 2)
				p := &connPair{t: t, server: peers[0], otherServer: peers[1]}
				unblocks := 0
				dialer := entraconn.NewDialer(src, nil)
				p.conn = dialer.Wrap(p.server.client)
				p.other = dialer.Wrap(&watchedConn{p.otherServer.client, func(written []byte) {
					if bytes.Contains(written, []byte("UNBLOCK")) {
						unblocks++
						_, _ = io.WriteString(p.server.server, "*-1\r\n")
						time.Sleep(time.Millisecond) // until that was read
					}
				}})
				defer p.conn.Close()
				defer p.other.Close()

				p.sends(p.conn, "BLPOP k 0")
				if err := p.conn.SetReadDeadline(time.Now().Add(3 * time.Hour)); err != nil { // the call can go on until then
					t.Fatal(err)
				}
				read := p.beginRead()
				p.server.says("+OK\r\n:17\r\n")
				if heldBack {
					p.sends(p.other, "BLPOP k 0")
				}
				p.sleepPastSlice()
				p.sends(p.other, "CLIENT UNBLOCK 17")
				if heldBack { // until the other connection has the reply to its own call
					const value = "*2\r\n$1\r\nk\r\n$1\r\nv\r\n"
					go p.otherServer.says("+OK\r\n:18\r\n" + value)
					if _, err := io.ReadFull(p.other, make([]byte, len(value))); err != nil {
						t.Error(err)
					}
				}
				got := <-read
				time.Sleep(time.Second) // until the write has returned
				if got.text != "*-1\r\n" || unblocks != 1 {
					t.Errorf("the client read %q, CLIENT UNBLOCK was written %d times", got.text, unblocks)
				}
				asked := bytes.Count(p.server.heard(), modelserver.Encode("CLIENT ID"))
				if n := p.server.slices(); asked != 1 || n != 1 {
					t.Errorf("the server heard CLIENT ID %d times, BLPOP %d times: %q", asked, n, p.server.heard())
				}
			})
		})
	}
}
