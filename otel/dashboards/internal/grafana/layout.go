package grafana

// Width is that of Grafana's grid.
const Width = 24

// A Section is a headline and the panels below it, side by side. Each gets the same share of the width, so the number
// of panels in a line divides Width.
type Section struct {
	Title     string
	Height    int  // of a panel
	InLine    int  // panels in a line; 0 for all
	Collapsed bool // the panels are hidden, and ask for nothing, until the reader opens the row
	Panels    []Panel
}

// Lay gives every panel its place and its number, from 1.
func Lay(sections []Section) []Panel {
	var all []Panel
	id, y := 0, 0
	place := func(p Panel, at GridPos) Panel {
		id++
		p.ID, p.GridPos = id, at
		return p
	}
	for _, s := range sections {
		row := place(Panel{Type: Row, Title: s.Title, Collapsed: &s.Collapsed, Panels: []Panel{}}, GridPos{H: 1, W: Width, X: 0, Y: y})
		y++
		inLine := len(s.Panels)
		if s.InLine > 0 {
			inLine = s.InLine
		}
		w := Width / inLine
		var panels []Panel
		for i, p := range s.Panels {
			panels = append(panels, place(p, GridPos{H: s.Height, W: w, X: i % inLine * w, Y: y + i/inLine*s.Height}))
		}
		y += (len(s.Panels) + inLine - 1) / inLine * s.Height
		if s.Collapsed {
			row.Panels = panels
			all = append(all, row)
			continue
		}
		all = append(append(all, row), panels...)
	}
	return all
}
