package chart

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Bars are values side by side, lying, so that their names can be read.
type Bars struct {
	Title, X string
	Bars     []Bar
	Goals    []float64 // drawn as lines across
}

// A Bar is one of them. Low and High are the ends of its interval: none is drawn if they are equal, or infinite.
type Bar struct {
	Name             string
	Value, Low, High float64
	Group            int // bars of a group have a colour of their own
}

// SVG draws the bars, the first one on top.
func (b Bars) SVG() ([]byte, error) {
	p := newPlot(b.Title, b.X, "")
	n := len(b.Bars)
	var ticks plot.ConstantTicks
	for i, bar := range b.Bars {
		at := float64(n - 1 - i)
		ticks = append(ticks, plot.Tick{Value: at, Label: bar.Name})
		one, err := plotter.NewBarChart(plotter.Values{bar.Value}, vg.Points(9))
		if err != nil {
			return nil, fmt.Errorf("chart %q, %s: %w", b.Title, bar.Name, err)
		}
		one.Horizontal, one.XMin = true, at
		one.Color, one.LineStyle.Width = palette(bar.Group), 0
		p.Add(one)
		if bar.Low != bar.High && !math.IsInf(bar.Low, 0) && !math.IsInf(bar.High, 0) {
			p.Add(across{at: at, low: bar.Low, high: bar.High})
			p.X.Min, p.X.Max = math.Min(p.X.Min, bar.Low), math.Max(p.X.Max, bar.High)
		}
	}
	for _, goal := range b.Goals {
		line, err := plotter.NewLine(plotter.XYs{{X: goal, Y: -0.5}, {X: goal, Y: float64(n) - 0.5}})
		if err != nil {
			return nil, fmt.Errorf("chart %q: %w", b.Title, err)
		}
		line.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
		line.Color = color.Gray{0x55}
		p.Add(line)
	}
	p.Y.Tick.Marker = ticks
	p.Y.Min, p.Y.Max = -0.7, float64(n)-0.3
	return svg(p, vg.Points(640), vg.Points(80+float64(n)*16))
}

// across is an interval that lies across a bar.
type across struct{ at, low, high float64 }

// Plot implements plot.Plotter.
func (a across) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := draw.LineStyle{Color: color.Black, Width: vg.Points(0.8)}
	const cap = 2.5
	c.StrokeLine2(style, x(a.low), y(a.at), x(a.high), y(a.at))
	for _, end := range []float64{a.low, a.high} {
		c.StrokeLine2(style, x(end), y(a.at)-vg.Points(cap), x(end), y(a.at)+vg.Points(cap))
	}
}
