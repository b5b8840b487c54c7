package connections

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// A log remembers when connections got their newer token, and which were lost.
type log struct {
	mu    sync.Mutex
	auths []time.Time // the first one of each connection behind its login
	seen  map[uint64]bool
	gone  int
}

func (l *log) observer() *entra.Observer {
	l.seen = map[uint64]bool{}
	return &entra.Observer{
		AuthDone: func(_ context.Context, info entra.AuthDoneInfo) {
			if info.Phase == entra.AuthInitial || info.Err != nil {
				return
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			if !l.seen[info.Conn.ID] {
				l.seen[info.Conn.ID] = true
				l.auths = append(l.auths, time.Now())
			}
		},
		ConnClosed: func(_ context.Context, info entra.ConnClosedInfo) {
			l.mu.Lock()
			defer l.mu.Unlock()
			if info.Reason != entra.CloseByClient {
				l.gone++
			}
		},
	}
}

func (l *log) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.auths)
}

func (l *log) lost() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gone
}

// after returns how many came after a time.
func (l *log) after(limit time.Time) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, at := range l.auths {
		if at.After(limit) {
			n++
		}
	}
	return n
}

// slots returns how many came in each of n equal parts of the time that they took.
func (l *log) slots(n int) (counts []int, window time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.SortFunc(l.auths, time.Time.Compare)
	first := l.auths[0]
	window = l.auths[len(l.auths)-1].Sub(first)
	counts = make([]int, n)
	for _, at := range l.auths {
		counts[min(n-1, int(int64(n)*int64(at.Sub(first))/max(1, int64(window))))]++
	}
	return counts, window
}
