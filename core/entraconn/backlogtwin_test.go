package entraconn_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entraconn"
)

// A blockedPeer is a server that reads no more than a mebibyte beyond a blocking command before that has
// ended, and a client that writes three behind it.
type blockedPeer struct {
	piece     int           // how many bytes the client writes at once
	timeout   time.Duration // of its first writes, 0 for none; it goes on without one when that has passed
	readsLast bool          // the client reads when it has written everything, not meanwhile
}

// blocksFor is how long the command blocks.
const blocksFor = 10 * time.Second

// A backlogOutcome is what the client and the server of a blockedPeer meet.
type backlogOutcome struct {
	timedOut time.Duration // after which a write was over its deadline, 0 if none was
	taken    int           // bytes that were written when the first write had to wait
	written  time.Duration // after which the last write returned
	heard    []byte        // by the server, after the blocking command
	replies  string
}

func (b blockedPeer) run(t *testing.T, ours bool) (o backlogOutcome) {
	t.Helper()
	inBubble(t, func(s *site) {
		var dialer *entraconn.Dialer
		if ours {
			dialer = entraconn.NewDialer(s.src, nil)
		}
		p := newPeers(s.t, 1)[0]
		wire := newClogged(p.client)
		p.client = wire
		c := connectTwin(p, dialer)
		defer c.Close()
		if _, err := c.Write(encode("BLPOP", "k", "0")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		before := len(p.heard())
		if ours {
			p.says(":17\r\n") // to our CLIENT ID, which goes before the command
		}
		wire.clog(1 << 20)
		began := time.Now()
		time.AfterFunc(blocksFor, func() {
			wire.clog(-1)
			_, _ = io.WriteString(p.server, "$5\r\nvalue\r\n")
		})
		read := make(chan string, 1)
		reads := func() {
			all := make([]byte, len("$5\r\nvalue\r\n"))
			n, _ := io.ReadFull(c, all)
			read <- string(all[:n])
		}
		if !b.readsLast {
			go reads()
		}
		if b.timeout > 0 {
			_ = c.SetWriteDeadline(began.Add(b.timeout))
		}
		for rest := b.bytes(); len(rest) > 0; {
			n, err := c.Write(rest[:min(len(rest), b.piece)])
			rest = rest[n:]
			if time.Since(began) == 0 {
				o.taken += n
			}
			switch {
			case err == nil:
			case errors.Is(err, os.ErrDeadlineExceeded) && o.timedOut == 0:
				o.timedOut = time.Since(began)
				if o.taken == 0 {
					o.taken = n
				}
				_ = c.SetWriteDeadline(time.Time{})
			default:
				t.Fatalf("a write after %v: %v", time.Since(began), err)
			}
		}
		o.written = time.Since(began)
		if b.readsLast {
			reads()
		}
		o.replies = <-read
		synctest.Wait()
		o.heard = p.heard()[before:]
	})
	return o
}

// bytes returns what the client writes.
func (b blockedPeer) bytes() (all []byte) {
	for i := 0; len(all) < 3<<20; i++ {
		all = append(all, encode("SET", fmt.Sprint("key ", i), strings.Repeat(fmt.Sprint(i), 1+i*37%1000))...)
	}
	return all
}

// What a client writes behind a blocking command is held back up to a mebibyte. That is as if the
// server's own buffer were as long: the same bytes arrive, a write that has a deadline returns then, the
// next one goes on where it has ended, and all return when the command has.
func TestBacklogIsAsAFullBufferOfThePeer(t *testing.T) {
	for _, piece := range []int{1000, 70_001, 3 << 20} {
		for _, timeout := range []time.Duration{0, time.Second, 5 * time.Second} {
			for _, readsLast := range []bool{false, true} {
				t.Run(fmt.Sprintf("pieces of %d, timeout %v, reads last %v", piece, timeout, readsLast), func(t *testing.T) {
					b := blockedPeer{piece, timeout, readsLast}
					plain, ours := b.run(t, false), b.run(t, true)
					t.Logf("taken at once %d, with a password %d", ours.taken, plain.taken)
					if ours.timedOut != plain.timedOut || ours.timedOut != timeout {
						t.Errorf("a write timed out after %v, with a password after %v", ours.timedOut, plain.timedOut)
					}
					if ours.written > plain.written {
						t.Errorf("all was written after %v, with a password after %v", ours.written, plain.written)
					}
					if ours.replies != plain.replies || ours.replies == "" {
						t.Errorf("read %q, with a password %q", ours.replies, plain.replies)
					}
					if !bytes.Equal(ours.heard, plain.heard) || !bytes.Equal(ours.heard, b.bytes()) {
						t.Errorf("the server got %d bytes, with a password %d, of %d, or others", len(ours.heard), len(plain.heard), len(b.bytes()))
					}
					if ours.taken > 1<<20 || ours.taken <= 1<<20-piece {
						t.Errorf("%d bytes of a mebibyte were taken at once, in pieces of %d", ours.taken, piece)
					}
				})
			}
		}
	}
}
