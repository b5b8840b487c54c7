package entraconn_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
)

// large is a command for which the backlog has no room.
var large = modelserver.Encode("SET k "+strings.Repeat("v", 3<<20), "GET k")

// A write that is larger than what is held back goes out when the call before it has ended, and all
// of it, in order.
func TestLargeWriteBehindABlockedCall(t *testing.T) {
	for _, apart := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := newNumberedPair(t)
			whole := append(modelserver.Encode("BLPOP k 0"), large...)
			if apart {
				p.sends(p.conn, "BLPOP k 0")
				whole = large
			}
			written := make(chan error, 1)
			go func() {
				n, err := p.conn.Write(whole)
				if n != len(whole) {
					t.Errorf("wrote %d bytes of %d", n, len(whole))
				}
				written <- err
			}()
			time.Sleep(time.Minute)
			synctest.Wait()
			select {
			case err := <-written:
				t.Fatalf("did not wait for the call: %v", err)
			default:
			}
			p.server.says("*2\r\n$1\r\nk\r\n$1\r\nx\r\n")
			if err := <-written; err != nil {
				t.Error(err)
			}
			p.reads("*2\r\n$1\r\nk\r\n$1\r\nx\r\n")
			synctest.Wait()
			if !bytes.HasSuffix(p.server.heard(), large) || p.server.slices() != 1 {
				t.Errorf("%d bytes arrived, BLPOP %d times", len(p.server.heard()), p.server.slices())
			}
		})
	}
}

// The same at the client's deadline: what went out counts as written, and nothing else goes out
// later.
func TestLargeWriteBehindABlockedCallEndsAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newNumberedPair(t)
		call := modelserver.Encode("BLPOP k 0")
		const wait = 1234567 * time.Microsecond
		began := time.Now()
		if err := p.conn.SetWriteDeadline(began.Add(wait)); err != nil {
			t.Fatal(err)
		}
		n, err := p.conn.Write(append(call, large...))
		if n != len(call) || !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != wait {
			t.Errorf("%d bytes, %v after %v; want %d after %v", n, err, time.Since(began), len(call), wait)
		}
		if err := p.conn.SetWriteDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		p.server.says("*2\r\n$1\r\nk\r\n$1\r\nx\r\n")
		p.reads("*2\r\n$1\r\nk\r\n$1\r\nx\r\n")
		goesOutAlone(p, "GET k")
	})
}

// goesOutAlone checks that the next command goes out at once, and nothing before it.
func goesOutAlone(p *connPair, command string) {
	p.t.Helper()
	synctest.Wait()
	before := len(p.server.heard())
	p.sends(p.conn, command)
	synctest.Wait()
	if got := p.server.heard()[before:]; string(got) != string(modelserver.Encode(command)) {
		p.t.Errorf("%.100q went out", got)
	}
}

// A command that waits until everything before it was answered may be larger than what is held back,
// and so may what comes after it.
func TestLargeCommandThatWaitsForAnswers(t *testing.T) {
	for _, cut := range []int{0, 5, 40, 1 << 20} { // where the client's first write ends, counted from the command that waits
		synctest.Test(t, func(t *testing.T) {
			p := newConnPair(t)
			before := modelserver.Encode("HELLO 2")
			whole := append(append([]byte(nil), before...), modelserver.Encode("SUBSCRIBE "+strings.Repeat("c", 2<<20), "SUBSCRIBE a")...)
			written := make(chan error, 1)
			go func() {
				_, err := p.conn.Write(whole[:len(before)+cut])
				if err == nil {
					_, err = p.conn.Write(whole[len(before)+cut:])
				}
				written <- err
			}()
			synctest.Wait()
			if bytes.Contains(p.server.heard(), []byte("SUBSCRIBE")) {
				t.Error("SUBSCRIBE went out before HELLO was answered")
			}
			const hello = "*2\r\n$2\r\nid\r\n:17\r\n"
			p.server.says("+OK\r\n" + hello)
			if err := <-written; err != nil {
				t.Error(err)
			}
			synctest.Wait()
			want := mintedLogin + string(before) + string(modelserver.Encode("HELLO 3")) + string(whole[len(before):])
			if got := string(p.server.heard()); got != want {
				t.Errorf("cut at %d: %d bytes arrived, want %d", cut, len(got), len(want))
			}
			p.reads(hello)
		})
	}
}
