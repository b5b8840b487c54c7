package adaptertest

import "sync"

// Crews are the goroutines that a scenario starts, in the groups for which it waits. If it ends before they do, because it
// has failed, they still use its world: it takes that away from them, and then waits.
type crews struct {
	mu  sync.Mutex
	all []*sync.WaitGroup
}

// add returns a group that wait waits for.
func (c *crews) add() *sync.WaitGroup {
	c.mu.Lock()
	defer c.mu.Unlock()
	crew := &sync.WaitGroup{}
	c.all = append(c.all, crew)
	return crew
}

// wait waits for all groups, and for those that their goroutines add meanwhile.
func (c *crews) wait() {
	for i := 0; ; i++ {
		c.mu.Lock()
		if i == len(c.all) {
			c.mu.Unlock()
			return
		}
		crew := c.all[i]
		c.mu.Unlock()
		crew.Wait()
	}
}
