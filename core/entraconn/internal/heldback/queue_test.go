package heldback_test

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/entraredis/entraredis/core/entraconn/internal/heldback"
)

func TestQueueKeepsTheOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var q heldback.Queue
	var want []byte
	next := byte(0)
	for range 20_000 {
		switch rng.IntN(4) {
		case 0, 1:
			p := make([]byte, rng.IntN(200))
			for i := range p {
				next++
				p[i] = next
			}
			q.Append(p)
			want = append(want, p...)
		case 2:
			n := rng.IntN(len(want) + 1)
			q.DropFirst(n)
			want = want[n:]
		case 3:
			n := rng.IntN(min(len(want), 50) + 1)
			q.DropLast(n)
			want = want[:len(want)-n]
		}
		if !bytes.Equal(q.Held(), want) {
			t.Fatalf("holds %d bytes, want %d", len(q.Held()), len(want))
		}
	}
}

func TestQueueHasRoomForItsLimit(t *testing.T) {
	var q heldback.Queue
	if !q.HasRoom(heldback.Limit) || q.HasRoom(heldback.Limit+1) {
		t.Error("an empty queue has another limit")
	}
	q.Append(make([]byte, heldback.Limit-10))
	if !q.HasRoom(10) || q.HasRoom(11) {
		t.Error("a buffer with 10 bytes of room has another limit")
	}
	q.DropFirst(heldback.Limit / 2)
	if !q.HasRoom(heldback.Limit / 4) {
		t.Error("no room after half of it was dropped")
	}
}

// Bytes that were returned may be in a write while others are added and dropped.
func TestHeldBytesStayAsTheyAre(t *testing.T) {
	var q heldback.Queue
	q.Append([]byte("abcdef"))
	got := q.Held()
	q.DropFirst(2)
	q.Append(bytes.Repeat([]byte("x"), 100))
	q.DropFirst(100)
	q.Append([]byte("yyyy"))
	if string(got) != "abcdef" {
		t.Errorf("%q", got)
	}
}

// What is added byte by byte, or runs through a queue that stays nearly full, is copied a few times
// and not once for each byte.
func TestQueueCopiesLittle(t *testing.T) {
	for _, tc := range []struct {
		name string
		run  func(q *heldback.Queue) (added int)
	}{
		{"byte by byte", func(q *heldback.Queue) int {
			for range heldback.Limit {
				q.Append([]byte("x"))
			}
			return heldback.Limit
		}},
		{"nearly full", func(q *heldback.Queue) (added int) {
			piece := make([]byte, 64)
			for added < 16<<20 {
				for q.HasRoom(len(piece)) {
					q.Append(piece)
					added += len(piece)
				}
				q.DropFirst(len(piece))
			}
			return added
		}},
	} {
		var q heldback.Queue
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		added := tc.run(&q)
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > uint64(30*added) {
			t.Errorf("%s: allocated %d bytes for %d", tc.name, allocated, added)
		}
	}
}

func TestJoinAndKeep(t *testing.T) {
	large := bytes.Repeat([]byte("p"), heldback.Limit+100)
	for _, tc := range []struct {
		name   string
		held   string
		p      []byte
		sent   int
		joined int // length
		n      int
		kept   int // length
	}{
		{"nothing held, all sent", "", []byte("abc"), 3, 3, 3, 0},
		{"nothing held, a part sent", "", []byte("abc"), 1, 3, 3, 2},
		{"nothing held, no room for the rest", "", large, 50, len(large), 50, 0},
		{"nothing held, just room for the rest", "", large, 100, len(large), len(large), heldback.Limit},
		{"held, all sent", "xy", []byte("abc"), 5, 5, 3, 0},
		{"held, nothing sent", "xy", []byte("abc"), 0, 5, 3, 5},
		{"held, less sent than held", "xy", []byte("abc"), 1, 5, 3, 4},
		{"held, a large piece, no room", "xy", large, 0, 2 + heldback.Limit, 0, 2},
		{"held, a large piece, room", "xy", large, 2, 2 + heldback.Limit, heldback.Limit, heldback.Limit},
		{"held, a large piece, sent", "xy", large, 2 + heldback.Limit, 2 + heldback.Limit, heldback.Limit, 0},
	} {
		var q heldback.Queue
		q.Append([]byte(tc.held))
		joined, before := q.Join(tc.p)
		if len(joined) != tc.joined || before != len(tc.held) || !bytes.HasPrefix(joined, []byte(tc.held)) {
			t.Errorf("%s: joined %d bytes after %d, want %d after %d", tc.name, len(joined), before, tc.joined, len(tc.held))
			continue
		}
		want := bytes.Clone(joined[min(tc.sent, len(joined)):])
		n := q.Keep(joined, before, tc.sent)
		if n != tc.n || len(q.Held()) != tc.kept || !bytes.HasPrefix(want, q.Held()) {
			t.Errorf("%s: took %d and holds %d bytes, want %d and %d", tc.name, n, len(q.Held()), tc.n, tc.kept)
		}
	}
}
