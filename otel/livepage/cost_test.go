package livepage_test

import (
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/otel/livepage"
)

func TestObservingAnAuthAllocatesNothing(t *testing.T) {
	see := livepage.New(nil).Observer()
	info := logIn(t, see)
	if n := testing.AllocsPerRun(100, func() { see.AuthDone(t.Context(), info) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkObserveAuth(b *testing.B) {
	see := livepage.New(nil).Observer()
	info := logIn(b, see)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		see.AuthDone(ctx, info)
	}
}

func logIn(t testing.TB, see *entra.Observer) entra.AuthDoneInfo {
	see.ConnOpened(t.Context(), entra.ConnOpenedInfo{At: time.Now(), Conn: conn})
	info := entra.AuthDoneInfo{At: time.Now(), Conn: conn, Phase: entra.AuthRotation, Token: times(time.Hour)}
	see.AuthDone(t.Context(), info)
	return info
}
