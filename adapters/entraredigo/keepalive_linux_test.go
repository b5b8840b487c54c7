package entraredigo_test

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/adapters/entraredigo"
)

// The kernel shows when it will ask next whether the server of a connection is still there.
func TestKeepAliveIsOnUnlessTheUserTurnsItOff(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for name, test := range map[string]struct {
		keepAlive time.Duration
		asks      time.Duration // 0 if it never does
	}{
		"default":        {0, 30 * time.Second},
		"the user's own": {time.Hour, time.Hour},
		"off":            {-1, 0},
	} {
		dial, err := entraredigo.DialContext(newSource(t), listener.Addr().String(), &entraredigo.Options{KeepAlive: test.keepAlive})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		conn, err := dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		accepted, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		asks := nextKeepAlive(t, accepted.RemoteAddr(), accepted.LocalAddr())
		passed := time.Since(began)
		if asks > test.asks || asks < test.asks-passed-time.Second || (asks == 0) != (test.asks == 0) {
			t.Errorf("%s: %v after the dial began, the kernel asks in %v, want %v", name, passed, asks, test.asks)
		}
		_, _ = conn.Close(), accepted.Close()
	}
}

// nextKeepAlive returns when the kernel asks next on a connection of 127.0.0.1 with itself, 0 if it never does.
func nextKeepAlive(t *testing.T, local, remote net.Addr) time.Duration {
	t.Helper()
	table, err := os.ReadFile("/proc/self/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		if len(fields) < 6 || fields[1] != entry(local) || fields[2] != entry(remote) {
			continue
		}
		var timer, ticks int64 // of 10 ms
		if _, err := fmt.Sscanf(fields[5], "%x:%x", &timer, &ticks); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		const keepAlive = 2
		if timer != keepAlive {
			return 0
		}
		return time.Duration(ticks) * 10 * time.Millisecond
	}
	t.Fatalf("no connection from %v to %v:\n%s", local, remote, table)
	return 0
}

// entry returns an address of 127.0.0.1 as the kernel writes it.
func entry(addr net.Addr) string { return fmt.Sprintf("0100007F:%04X", addr.(*net.TCPAddr).Port) }
