package confirmation_test

import (
	"net"
	"testing"

	"github.com/entraredis/entraredis/internal/confirmation"
)

const confirmed = ">3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"

// read reads all parts through a watched connection, each by a read of its own.
func read(t *testing.T, w *confirmation.Watch, parts ...string) {
	t.Helper()
	client, server := net.Pipe()
	defer client.Close()
	watched := w.Conn(client)
	go func() {
		defer server.Close()
		for _, part := range parts {
			if _, err := server.Write([]byte(part)); err != nil {
				return
			}
		}
	}()
	b := make([]byte, 1<<12)
	for _, part := range parts {
		if n, err := watched.Read(b); err != nil || string(b[:n]) != part {
			t.Fatalf("read %q, %v, want %q", b[:n], err, part)
		}
	}
}

func TestTellsEachConfirmationOnce(t *testing.T) {
	for split := 1; split < len(confirmed); split++ {
		var w confirmation.Watch
		calls, others := 0, 0
		stop := w.Expect("subscribe", "news", func() { calls++ })
		w.Expect("subscribe", "new", func() { others++ })
		w.Expect("unsubscribe", "news", func() { others++ })
		read(t, &w, "+OK\r\n", confirmed[:split], confirmed[split:], "+OK\r\n", "+OK\r\n")
		read(t, &w, confirmed) // on another connection
		if calls != 2 || others != 0 {
			t.Errorf("cut after %d bytes: %d calls and %d others, want 2 and none", split, calls, others)
		}
		stop()
		read(t, &w, confirmed)
		if calls != 2 {
			t.Errorf("cut after %d bytes: called after stop", split)
		}
	}
}

// The end of a read that is longer than a tail counts as well.
func TestFrameAcrossLongReads(t *testing.T) {
	var w confirmation.Watch
	calls := 0
	w.Expect("subscribe", "news", func() { calls++ })
	long := string(make([]byte, 3<<10))
	read(t, &w, long+confirmed[:10], confirmed[10:]+long, long)
	if calls != 1 {
		t.Errorf("%d calls, want 1", calls)
	}
}
