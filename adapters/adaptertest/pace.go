package adaptertest

import (
	"sync"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// A pace bounds how many scenarios run at the same time. In real time, where they wait more than they work, these are many
// more than there are processors, but only as long as the machine keeps up: a scenario too many makes all of them starve.
type pace struct {
	most     int // at the same time
	watchdog *entratest.Watchdog
	ended    chan struct{} // has room for one
	turn     sync.Mutex    // of the one that waits for the next beginning

	mu    sync.Mutex
	under int
}

const (
	// paceLeast scenarios run at the same time on any machine.
	paceLeast = 6
	// paceLook is how long a machine must keep up before another scenario begins.
	paceLook = 50 * time.Millisecond
)

// newPace returns a pace for virtual time, which no machine is too slow for, if watchdog is nil.
func newPace(most int, watchdog *entratest.Watchdog) *pace {
	return &pace{most: most, watchdog: watchdog, ended: make(chan struct{}, 1)}
}

// begin waits until another scenario may begin. The caller calls end after it.
func (p *pace) begin() {
	p.turn.Lock()
	defer p.turn.Unlock()
	keepsUp := p.watchdog == nil
	for !p.mayBegin(keepsUp) {
		if p.watchdog == nil {
			<-p.ended
			continue
		}
		before := p.watchdog.Starved()
		select {
		case <-p.ended:
			keepsUp = false
		case <-time.After(paceLook):
			keepsUp = p.watchdog.Starved()-before < paceLook/2
		}
	}
}

func (p *pace) mayBegin(keepsUp bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.under >= p.most || !keepsUp && p.under >= paceLeast {
		return false
	}
	p.under++
	return true
}

func (p *pace) end() {
	p.mu.Lock()
	p.under--
	p.mu.Unlock()
	select {
	case p.ended <- struct{}{}:
	default:
	}
}
