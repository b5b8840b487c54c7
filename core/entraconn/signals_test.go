package entraconn

import (
	"io"
	"runtime"
	"sync"
	"testing"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
)

// Goroutines that set and clear other signals do not take away one's own.
func TestSignalsAreNotLost(t *testing.T) {
	var s signals
	var all sync.WaitGroup
	for _, mine := range []uint32{stopped, renewalWaits} {
		all.Go(func() {
			for i := range 100_000 {
				if s.set(mine); !s.has(mine) {
					t.Errorf("signal %d is lost in round %d", mine, i)
					return
				}
				if s.clear(mine); s.has(mine) {
					t.Errorf("signal %d is still there in round %d", mine, i)
					return
				}
			}
		})
	}
	all.Wait()
}

// Who ends a connection because nothing is outstanding can rely on that: a write that comes meanwhile does not go out.
func TestNothingGoesOutBehindTheEnd(t *testing.T) {
	for range 20 {
		inner := &loop{}
		c := logIn(t, inner, inner)
		writes := inner.writes
		c.mu.Lock()
		begins, wrote := make(chan struct{}), make(chan error, 1)
		go func() {
			close(begins)
			_, err := c.Write(modelserver.Encode("INCR k"))
			wrote <- err
		}()
		<-begins
		for c.wmu.TryLock() { // until the write has it
			c.wmu.Unlock()
			runtime.Gosched()
		}
		for range 1000 { // until it waits for mu, most likely
			runtime.Gosched()
		}
		c.failLocked(entra.CloseUnsupported, io.EOF)
		c.mu.Unlock()
		if err := <-wrote; err != io.EOF || inner.writes > writes {
			t.Fatalf("%v, and %d writes went out", err, inner.writes-writes)
		}
	}
}
