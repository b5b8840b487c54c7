package grafana

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
)

// Scale of the drawing: pixels for a unit of the grid.
const (
	unitX  = 40
	unitY  = 22
	gap    = 4
	header = 34
)

// Drawing returns the layout of the dashboard as SVG: where each panel stands, what it is called and what kind it is.
func (d Dashboard) Drawing() []byte {
	height := 0
	for _, p := range d.All() {
		height = max(height, p.GridPos.Y+p.GridPos.H)
	}
	w, h := Width*unitX, header+height*unitY+gap
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="%s" font-family="system-ui, sans-serif">`+"\n",
		w, h, w, h, escape("Layout of the dashboard "+d.Title))
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#f4f5f5"/>`+"\n", w, h)
	d.drawVariables(&b)
	for _, p := range d.All() {
		p.draw(&b)
	}
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

func (d Dashboard) drawVariables(b *strings.Builder) {
	x := gap
	for _, v := range d.Templating.List {
		width := 30 + 8*len(v.Label)
		fmt.Fprintf(b, `<rect x="%d" y="6" width="%d" height="22" rx="2" fill="#fff" stroke="#c4c8cd"/>`, x, width)
		fmt.Fprintf(b, `<text x="%d" y="21" font-size="12" fill="#24292e">%s &#9662;</text>`+"\n", x+8, escape(v.Label))
		x += width + 8
	}
}

func (p Panel) draw(b *strings.Builder) {
	x, y := p.GridPos.X*unitX+gap, header+p.GridPos.Y*unitY
	w, h := p.GridPos.W*unitX-2*gap, p.GridPos.H*unitY-gap
	if p.Type == Row {
		if *p.Collapsed {
			p.Title += " (collapsed)"
		}
		fmt.Fprintf(b, `<text x="%d" y="%d" font-size="14" font-weight="600" fill="#24292e">%s</text>`+"\n", x, y+16, escape(p.Title))
		return
	}
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" rx="3" fill="#fff" stroke="#c4c8cd"/>`, x, y, w, h)
	fmt.Fprintf(b, `<text x="%d" y="%d" font-size="12" fill="#24292e">%s</text>`, x+8, y+18, escape(p.Title))
	if p.Type == Stat {
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" rx="2" fill="#e3f1e4"/>`+"\n", x+8, y+26, w-16, h-34)
		return
	}
	if p.Type == TableType {
		fmt.Fprintf(b, `<path d="M%d %dH%d" fill="none" stroke="#c4c8cd"/>`+"\n", x+12, y+44, x+w-12)
		return
	}
	left, right, top, bottom := x+12, x+w-12, y+32, y+h-26
	fmt.Fprintf(b, `<path d="M%d %dV%dH%d" fill="none" stroke="#c4c8cd"/>`, left, top, bottom, right)
	var legends []string
	for _, t := range p.Targets {
		legends = append(legends, spoken(t.LegendFormat))
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" font-size="10" fill="#57606a">%s</text>`+"\n", left, y+h-9, escape(strings.Join(legends, " · ")))
}

// spoken turns {{entraredis_connection_token_state}} into <token state>.
func spoken(legend string) string {
	return regexp.MustCompile(`\{\{\w+\}\}`).ReplaceAllStringFunc(legend, func(label string) string {
		words := strings.Split(strings.Trim(label, "{}"), "_")
		return "<" + strings.Join(words[max(0, len(words)-2):], " ") + ">"
	})
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}
