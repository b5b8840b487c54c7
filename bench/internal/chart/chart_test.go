package chart_test

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/bench/internal/chart"
)

// text returns the words of a picture, and fails if it is not XML.
func text(t *testing.T, svg []byte, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var words strings.Builder
	for d := xml.NewDecoder(strings.NewReader(string(svg))); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return words.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		if data, ok := token.(xml.CharData); ok {
			words.Write(data)
		}
	}
}

func TestPicturesNameWhatTheyShow(t *testing.T) {
	svg, err := chart.Bars{Title: "How much slower", X: "percent", Goals: []float64{1}, Bars: []chart.Bar{
		{Name: "alone", Value: 0.2, Low: -0.1, High: 0.6}, {Name: "together", Value: 3, Low: math.Inf(-1), High: math.Inf(1), Group: 1},
	}}.SVG()
	got := text(t, svg, err)
	for _, word := range []string{"How much slower", "percent", "alone", "together"} {
		if !strings.Contains(got, word) {
			t.Errorf("%q is not there: %q", word, got)
		}
	}
	svg, err = chart.Lines{Title: "A day", X: "hours", Y: "requests", Steps: true, Series: []chart.Line{
		{Name: "Entra", Points: []chart.Point{{0, 1}, {1, 5}}}, {Name: "Redis", Points: []chart.Point{{0, 2}, {1, 1}}},
	}}.SVG()
	got = text(t, svg, err)
	for _, word := range []string{"A day", "hours", "requests", "Entra", "Redis"} {
		if !strings.Contains(got, word) {
			t.Errorf("%q is not there: %q", word, got)
		}
	}
}

func TestWhatCannotBeDrawnIsAnError(t *testing.T) {
	if _, err := (chart.Lines{Title: "x", Series: []chart.Line{{Points: []chart.Point{{0, math.NaN()}}}}}).SVG(); err == nil {
		t.Error("no error")
	}
}
