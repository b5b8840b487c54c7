package entraconn

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
)

const unblockedWords = "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"

// What a call that is cancelled between two slices ends with is what CLIENT UNBLOCK says, also where the null of the slice's
// end was under way.
func TestUnblockSaysHowACallEnds(t *testing.T) {
	const null = "_\r\n"
	for _, how := range []struct {
		command, want string
		before        bool // it is sent before the null is read
	}{
		{"CLIENT UNBLOCK 17", null, false}, {"CLIENT UNBLOCK 17", null, true}, {"client unblock 17 timeout", null, false},
		{"CLIENT UNBLOCK 17 ERROR", unblockedWords, false}, {"CLIENT UNBLOCK 17 ERROR", unblockedWords, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			command, want := how.command, how.want
			server, c, other := unblockable(t)
			sends(t, c, "BLPOP k 0")
			time.Sleep(server.slice(t) + time.Millisecond)
			_ = c.SetReadDeadline(time.Now().Add(3 * time.Hour)) // where the call goes on
			got := make([]byte, 100)
			n, done := 0, make(chan error)
			go func() {
				var err error
				n, err = c.Read(got)
				done <- err
			}()
			synctest.Wait()
			c.holdResume(true) // the command is not sent again yet
			if how.before {
				sends(t, other, command)
			}
			server.says(t, null)
			if !how.before {
				sends(t, other, command)
			}
			c.holdResume(false)
			if err := <-done; err != nil || string(got[:n]) != want {
				t.Errorf("%s: the host read %q, %v; want %q", command, got[:n], err, want)
			}
			// The next call is not concerned.
			sends(t, c, "BLPOP k 0")
			time.Sleep(server.slice(t) + time.Millisecond)
			heard := len(server.heard())
			_ = c.SetReadDeadline(time.Now().Add(time.Second))
			go func() {
				var err error
				n, err = c.Read(got)
				done <- err
			}()
			server.says(t, null)
			if err := <-done; !isTimeout(err) || !bytes.Contains(server.heard()[heard:], []byte("BLPOP")) {
				t.Errorf("%s: unblocks the next call too: the host read %q, %v", command, got[:n], err)
			}
		})
	}
}

// A CLIENT UNBLOCK that the server does not execute ends no call.
func TestUnblockThatIsNotExecuted(t *testing.T) {
	for _, commands := range [][]string{
		{"CLIENT UNBLOCK 17 FOO"}, {"CLIENT UNBLOCK 17 TIMEOUT x"}, {"CLIENT UNBLOCK x17"}, {"CLIENT UNBLOCK"},
		{"MULTI", "CLIENT UNBLOCK 17", "DISCARD"}, {"CLIENT UNBLOCK 18"},
	} {
		synctest.Test(t, func(t *testing.T) {
			server, c, other := unblockable(t)
			sends(t, c, "BLPOP k 0")
			if _, err := other.Write(modelserver.Encode(commands...)); err != nil {
				t.Fatal(err)
			}
			done := make(chan []byte)
			go func() {
				b := make([]byte, 100)
				n, _ := c.Read(b)
				done <- b[:n]
			}()
			time.Sleep(server.slice(t) + time.Millisecond)
			server.says(t, "_\r\n") // the end of the slice
			if n := bytes.Count(server.heard(), []byte("BLPOP")); n != 2 {
				t.Errorf("%q: BLPOP was sent %d times", commands, n)
			}
			server.says(t, "*2\r\n$1\r\nk\r\n$1\r\nv\r\n")
			if got := <-done; string(got) != "*2\r\n$1\r\nk\r\n$1\r\nv\r\n" {
				t.Errorf("%q: the host read %q", commands, got)
			}
		})
	}
}
