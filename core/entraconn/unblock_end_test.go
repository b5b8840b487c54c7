package entraconn_test

import (
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// A call that is cancelled between two slices ends with what CLIENT UNBLOCK says, also if CLIENT
// UNBLOCK goes out when the null at the end of the slice is on its way.
func TestUnblockSaysHowACallEnds(t *testing.T) {
	const null = "_\r\n"
	for _, how := range []struct {
		command, want string
		before        bool // CLIENT UNBLOCK goes out before the null is read
	}{
		{"CLIENT UNBLOCK 17", null, false}, {"CLIENT UNBLOCK 17", null, true}, {"client unblock 17 timeout", null, false},
		{"CLIENT UNBLOCK 17 ERROR", unblockedWords, false}, {"CLIENT UNBLOCK 17 ERROR", unblockedWords, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newNumberedPair(t)
			p.sends(p.conn, "BLPOP k 0")
			_ = p.conn.SetReadDeadline(time.Now().Add(3 * time.Hour)) // the call can go on until then
			read := p.beginRead()
			resume := p.holdAtEndOfSlice(null)
			if how.before {
				p.sends(p.other, how.command)
			}
			p.server.says(null)
			if !how.before {
				p.sends(p.other, how.command)
			}
			resume()
			began := time.Now()
			if got := <-read; got.err != nil || got.text != how.want || time.Since(began) > 0 {
				t.Errorf("%s: after %v the client read %q, %v; want %q", how.command, time.Since(began), got.text, got.err, how.want)
			}
			if n := p.server.slices(); n != 2 {
				t.Errorf("%s: BLPOP was sent %d times, want 2", how.command, n)
			}
			// The next call goes on after its first slice.
			p.sends(p.conn, "BLPOP k 0")
			p.sleepPastSlice()
			_ = p.conn.SetReadDeadline(time.Now().Add(time.Second))
			read = p.beginRead()
			p.server.says(null)
			if got := <-read; !errors.Is(got.err, os.ErrDeadlineExceeded) || p.server.slices() != 4 {
				t.Errorf("%s: unblocks the next call too: the client read %q, %v", how.command, got.text, got.err)
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
			p := newNumberedPair(t)
			p.sends(p.conn, "BLPOP k 0")
			p.sends(p.other, commands...)
			read := p.beginRead()
			p.sleepPastSlice()
			p.server.says("_\r\n") // the end of the slice
			if n := p.server.slices(); n != 2 {
				t.Errorf("%q: BLPOP was sent %d times", commands, n)
			}
			const value = "*2\r\n$1\r\nk\r\n$1\r\nv\r\n"
			p.server.says(value)
			if got := <-read; got.text != value {
				t.Errorf("%q: the client read %q", commands, got.text)
			}
		})
	}
}
