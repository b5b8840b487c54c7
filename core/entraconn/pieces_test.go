package entraconn_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
)

// A bufio.Writer cuts a pipeline anywhere. What is held back at one cut may or may not be as long
// as at the next. The server gets every byte once.
func TestPipelinesInPiecesArriveWhole(t *testing.T) {
	dialer := entraconn.NewDialer(mintedSource(t, nil), nil)
	set := modelserver.Encode("SET key:000001 " + strings.Repeat("v", 27))
	blocked := modelserver.Encode("BLPOP k 1")
	for _, piece := range []int{1, 2, 3, 7, 16, 64, 100, 4096} {
		for phase := 0; phase < 64; phase += 64 / min(64, amount("phases", *phases, 4)) {
			inner := &cutWriter{take: -1}
			c := dialer.Wrap(inner)
			stream := modelserver.Encode("GET key:" + strings.Repeat("x", phase))
			for i := range 300 {
				stream = append(stream, set...)
				if i%7 == 0 {
					stream = append(stream, blocked...)
				}
			}
			for rest := stream; len(rest) > 0; {
				n := min(piece, len(rest))
				if written, err := c.Write(rest[:n]); written != n || err != nil {
					t.Fatal(written, err)
				}
				rest = rest[n:]
			}
			if got := inner.got[len(mintedLogin):]; !bytes.Equal(got, stream) {
				t.Fatalf("pieces of %d, phase %d: %d bytes arrived, %d were written", piece, phase, len(got), len(stream))
			}
			c.Close()
		}
	}
}
