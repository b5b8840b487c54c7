package chart

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// Lines are values over an axis.
type Lines struct {
	Title, X, Y string
	Series      []Line
	Steps       bool // a value holds until the next one
	LogY        bool // values must be above 0
}

// A Line is one of them.
type Line struct {
	Name   string
	Points []Point
}

// A Point is a value at a place of the axis.
type Point struct{ X, Y float64 }

// SVG draws the lines.
func (l Lines) SVG() ([]byte, error) {
	p := newPlot(l.Title, l.X, l.Y)
	if l.LogY {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	} else {
		p.Y.Min = 0
	}
	for i, series := range l.Series {
		points := make(plotter.XYs, len(series.Points))
		for j, at := range series.Points {
			points[j] = plotter.XY{X: at.X, Y: at.Y}
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return nil, fmt.Errorf("chart %q: %w", l.Title, err)
		}
		line.Color, line.Width = palette(i), vg.Points(1.2)
		if l.Steps {
			line.StepStyle = plotter.PostStep
		}
		p.Add(line)
		if series.Name != "" {
			p.Legend.Add(series.Name, line)
		}
	}
	if !l.LogY {
		p.Y.Max *= 1.15 // where the names of the lines stand
	}
	return svg(p, vg.Points(640), vg.Points(300))
}
