package entraconn

import (
	"testing"
	"testing/synctest"
	"time"
)

// A null that the host is owed since a CLIENT UNBLOCK between two slices comes in front of a push or behind it, wherever the
// network cuts the push, and whoever reads meanwhile sees nothing but that.
func TestUnblockWhileAPushComesInPieces(t *testing.T) {
	const (
		null = "_\r\n"
		push = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"
	)
	for cut := range len(push) + 1 {
		synctest.Test(t, func(t *testing.T) {
			server, c, other := unblockable(t)
			sends(t, c, "BLPOP k 0")
			time.Sleep(server.slice(t) + time.Millisecond)
			var got []byte
			done := make(chan struct{})
			go func() {
				defer close(done)
				for len(got) < len(null+push) {
					b := make([]byte, 4096)
					n, err := c.Read(b)
					if got = append(got, b[:n]...); err != nil {
						t.Error(err)
						return
					}
				}
			}()
			synctest.Wait()
			c.holdResume(true) // the command is not sent again yet
			server.says(t, null+push[:cut])
			sends(t, other, "CLIENT UNBLOCK 17")
			c.holdResume(false)
			synctest.Wait()
			server.says(t, push[cut:])
			<-done
			if s := string(got); s != null+push && s != push+null {
				t.Errorf("cut at %d: the host read %q", cut, s)
			}
		})
	}
}
