package entraconn_test

import (
	"bytes"
	"testing"
	"testing/synctest"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
)

// After a DISCARD in flight it is not known whether a command blocks. The command waits for the
// answer, and is then sent in slices if the transaction is over.
func TestBlockingAfterDiscard(t *testing.T) {
	for _, answer := range []struct {
		says     string
		inSlices bool
	}{{"+OK\r\n+OK\r\n", true}, {"+OK\r\n-ERR no\r\n", false}} {
		synctest.Test(t, func(t *testing.T) {
			p := newNumberedPair(t)
			p.sends(p.conn, "MULTI", "DISCARD", "BLPOP k 0")
			synctest.Wait()
			if p.server.slices() != 0 {
				t.Errorf("before the answer the server heard %q", p.server.heard())
			}
			p.server.says(answer.says)
			p.reads(answer.says)
			synctest.Wait()
			whole := bytes.HasSuffix(p.server.heard(), modelserver.Encode("BLPOP k 0"))
			if inSlices := p.server.slice() > 0; inSlices != answer.inSlices || whole == answer.inSlices {
				t.Errorf("after %q the server heard %q", answer.says, p.server.heard())
			}
		})
	}
}
