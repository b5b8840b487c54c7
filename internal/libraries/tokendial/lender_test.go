package tokendial_test

import (
	"context"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/internal/libraries/tokendial"
)

// Tests of clients count the goroutines that are left when everything is closed.
func TestNoGoroutineIsLeftWithoutConnections(t *testing.T) {
	addr := startRedis(t)
	do(t, dial(t, newSite(t, "", "", ""), "tcp", addr), "ACL SETUSER "+tokendial.User+" on nopass ~* &* +@all")
	s := newSite(t, "6379="+addr, "", lives)
	for range 2 {
		a, b := dial(t, s, "tcp", ":6379"), dial(t, s, "tcp", ":6379")
		do(t, a, "PING")
		a.Close()
		a.Close() // counts once
		if ours() == 0 {
			t.Error("with an open connection there is no goroutine of the core")
		}
		do(t, b, "PING")
		b.Close()
		_, err := s.Dial(t.Context(), "tcp", ":6379", func(context.Context, string, string) (net.Conn, error) {
			return nil, net.ErrClosed
		})
		if err == nil {
			t.Error("a dial that fails returns no error")
		}
		for deadline := time.Now().Add(time.Minute); ours() > 0; runtime.Gosched() {
			if time.Now().After(deadline) {
				t.Fatalf("%d goroutines of the core are left", ours())
			}
		}
	}
}

// ours counts the goroutines that run in the core.
func ours() int {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	n := 0
	for stack := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(stack, "/core/entra.") || strings.Contains(stack, "/core/entraconn") {
			n++
		}
	}
	return n
}
