package grafana

// Width is that of Grafana's grid.
const Width = 24

// A Section is a headline and the panels below it, side by side. Each gets the same share of the width, so the number
// of panels divides Width.
type Section struct {
	Title  string
	Height int
	Panels []Panel
}

// Lay gives every panel its place and its number, from 1.
func Lay(sections []Section) []Panel {
	var all []Panel
	y := 0
	add := func(p Panel, at GridPos) {
		p.ID, p.GridPos = len(all)+1, at
		all = append(all, p)
	}
	for _, s := range sections {
		open := false
		add(Panel{Type: Row, Title: s.Title, Collapsed: &open, Panels: []Panel{}}, GridPos{H: 1, W: Width, X: 0, Y: y})
		y++
		w := Width / len(s.Panels)
		for i, p := range s.Panels {
			add(p, GridPos{H: s.Height, W: w, X: i * w, Y: y})
		}
		y += s.Height
	}
	return all
}
