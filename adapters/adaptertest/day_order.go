package adaptertest

import (
	"errors"
	"fmt"
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

// judge returns how many were sent, and how many of those that are excused did not come. It fails if none was sent, or
// if the others did not come as they must.
func (o *order) judge() (sent, lost int, err error) {
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
	switch sent = len(o.excused); {
	case sent == 0:
		err = errors.New("nothing was sent")
	case !slices.Equal(got, want):
		err = fmt.Errorf("of %d, outside the reboot's moment some did not come once and in order: %v", sent, o.got)
	}
	return sent, lost, err
}
