package entraconn

import (
	"bytes"
	"testing"
	"testing/synctest"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
)

// Behind a DISCARD that is unanswered nobody knows whether a command blocks. It waits for that, and is sent in slices then.
func TestBlockingBehindDiscard(t *testing.T) {
	for _, answer := range []struct {
		says   string
		slices bool
	}{{"+OK\r\n+OK\r\n", true}, {"+OK\r\n-ERR no\r\n", false}} {
		synctest.Test(t, func(t *testing.T) {
			server, c, _ := unblockable(t)
			if _, err := c.Write(modelserver.Encode("MULTI", "DISCARD", "BLPOP k 0")); err != nil {
				t.Fatal(err)
			}
			server.says(t, answer.says)
			if n, err := c.Read(make([]byte, 100)); n != len(answer.says) || err != nil {
				t.Fatal(n, err)
			}
			synctest.Wait()
			whole := bytes.HasSuffix(server.heard(), modelserver.Encode("BLPOP k 0"))
			if c.session.Slicing() != answer.slices || whole == answer.slices || !bytes.Contains(server.heard(), []byte("BLPOP")) {
				t.Errorf("after %q: in slices %v, the server heard %q", answer.says, c.session.Slicing(), server.heard())
			}
		})
	}
}
