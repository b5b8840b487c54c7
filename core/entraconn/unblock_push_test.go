package entraconn_test

import (
	"testing"
	"testing/synctest"
)

// After a CLIENT UNBLOCK between two slices the client gets a null before a push or after it,
// wherever the network cuts the push, and nothing else.
func TestUnblockWhileAPushComesInPieces(t *testing.T) {
	const (
		null = "_\r\n"
		push = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"
	)
	for cut := range len(push) + 1 {
		synctest.Test(t, func(t *testing.T) {
			p := newNumberedPair(t)
			p.sends(p.conn, "BLPOP k 0")
			var got []byte
			done := make(chan struct{})
			go func() {
				defer close(done)
				for len(got) < len(null+push) {
					b := make([]byte, 4096)
					n, err := p.conn.Read(b)
					if got = append(got, b[:n]...); err != nil {
						t.Error(err)
						return
					}
				}
			}()
			resume := p.holdAtEndOfSlice(null)
			p.server.says(null + push[:cut])
			p.sends(p.other, "CLIENT UNBLOCK 17")
			resume()
			p.server.says(push[cut:])
			<-done
			if s := string(got); s != null+push && s != push+null {
				t.Errorf("cut at %d: the client read %q", cut, s)
			}
			if n := p.server.slices(); n != 2 {
				t.Errorf("cut at %d: BLPOP was sent %d times", cut, n)
			}
		})
	}
}
