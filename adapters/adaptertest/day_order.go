package adaptertest

import (
	"slices"
	"sync"
)

// An order is of things that are numbered, sent one after the other, and must come each once and in that order.
type order struct {
	mu      sync.Mutex
	excused []bool // for each number that was sent: it was in the reboot's moment, and may be lost or come twice
	got     []int
}

func (o *order) next() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.excused)
}

func (o *order) sent(excused bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.excused = append(o.excused, excused)
}

func (o *order) came(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.got = append(o.got, n)
}

// judge reports how many were sent, how many of those that are excused did not come, and whether the others did as
// they must.
func (o *order) judge() (sent, lost int, good bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var want []int
	for n, excused := range o.excused {
		switch {
		case !excused:
			want = append(want, n)
		case !slices.Contains(o.got, n):
			lost++
		}
	}
	got := slices.DeleteFunc(slices.Clone(o.got), func(n int) bool { return n >= 0 && n < len(o.excused) && o.excused[n] })
	return len(o.excused), lost, slices.Equal(got, want)
}
