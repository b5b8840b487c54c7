package entraconn

import (
	"bytes"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
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

// The server may run a CLIENT UNBLOCK, and the blocked connection read its null, before the write of it returns. The call
// ends then, also if that null comes when the slice is over: whether CLIENT UNBLOCK is written at once, or was held back.
func TestUnblockIsToldBeforeItIsWritten(t *testing.T) {
	for _, heldBack := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			src, err := entra.NewSource(minted(75*time.Minute), &entra.Options{Username: "us"})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			both, end := talks(t, 2)
			defer end()
			server, otherServer := both[0], both[1]
			unblocks := 0
			d := NewDialer(src, nil)
			c := d.Wrap(server.client)
			other := d.Wrap(&watchedConn{otherServer.client, func(p []byte) {
				if bytes.Contains(p, []byte("UNBLOCK")) {
					unblocks++
					_, _ = io.WriteString(server.server, "*-1\r\n")
					time.Sleep(time.Millisecond) // in which that is read
				}
			}})
			defer c.Close()
			defer other.Close()
			read := func(c *Conn) <-chan string {
				done := make(chan string)
				go func() {
					b := make([]byte, 100)
					n, _ := c.Read(b)
					done <- string(b[:n])
				}()
				return done
			}

			sends(t, c, "BLPOP k 0")
			if err := c.SetReadDeadline(time.Now().Add(3 * time.Hour)); err != nil { // where the call goes on
				t.Fatal(err)
			}
			got := read(c)
			server.says(t, "+OK\r\n:17\r\n")
			if heldBack {
				sends(t, other, "BLPOP k 0")
			}
			time.Sleep(server.slice(t) + time.Millisecond)
			sends(t, other, "CLIENT UNBLOCK 17")
			if heldBack {
				otherGot := read(other)
				otherServer.says(t, "+OK\r\n:18\r\n*2\r\n$1\r\nk\r\n$1\r\nv\r\n")
				<-otherGot
			}
			text := <-got
			time.Sleep(time.Second) // until the write has returned
			if text != "*-1\r\n" || unblocks != 1 {
				t.Errorf("held back %v: the client read %q, CLIENT UNBLOCK was written %d times", heldBack, text, unblocks)
			}
			if n := bytes.Count(server.heard(), modelserver.Encode("CLIENT ID")); n != 1 || bytes.Count(server.heard(), []byte("BLPOP")) != 1 {
				t.Errorf("held back %v: the server has heard %q", heldBack, server.heard())
			}
		})
	}
}
