package entratest

import "slices"

// Conns returns the numbers of the connections that are open, in order: those of [Auth].
func (g *Gateway) Conns() []int {
	g.mu.Lock()
	defer g.mu.Unlock()
	open := make([]int, 0, len(g.sessions))
	for s := range g.sessions {
		open = append(open, s.number)
	}
	slices.Sort(open)
	return open
}
