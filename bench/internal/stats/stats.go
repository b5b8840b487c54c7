// Package stats says what a number of noisy measurements amount to: a median, and how far it can be trusted.
package stats

import (
	"encoding/json"
	"fmt"
	"math"

	"golang.org/x/perf/benchmath"
)

// An Interval is a median and the interval in which the true one lies with a confidence of 95 %. It assumes nothing
// about how the measurements are distributed.
type Interval struct {
	Median, Low, High float64
}

// Median returns the median of measurements. With fewer than six there is no interval of 95 %, and the bounds are
// infinite.
func Median(values []float64) Interval {
	if len(values) == 0 {
		return Interval{math.NaN(), math.NaN(), math.NaN()}
	}
	s := benchmath.AssumeNothing.Summary(benchmath.NewSample(append([]float64(nil), values...), &benchmath.DefaultThresholds), 0.95)
	return Interval{s.Center, s.Lo, s.Hi}
}

// Ratio returns the median of ours[i]/base[i]. The two of a pair were measured next to each other, so that what slows
// the machine down for a while slows down both.
func Ratio(ours, base []float64) Interval {
	ratios := make([]float64, 0, len(ours))
	for i := range min(len(ours), len(base)) {
		if base[i] != 0 {
			ratios = append(ratios, ours[i]/base[i])
		}
	}
	return Median(ratios)
}

// Change writes a ratio as a difference in percent: "+0.4 % (−0.2 … +1.1)".
func (i Interval) Change() string {
	return fmt.Sprintf("%s %% (%s … %s)", percent(i.Median), percent(i.Low), percent(i.High))
}

func percent(ratio float64) string {
	p := 100 * (ratio - 1)
	switch {
	case math.IsInf(p, 0) || math.IsNaN(p):
		return "?"
	case math.Abs(p) < 0.05:
		return "0.0"
	case p < 0:
		return fmt.Sprintf("−%.1f", -p)
	}
	return fmt.Sprintf("+%.1f", p)
}

// Covers reports whether the true value may be x.
func (i Interval) Covers(x float64) bool { return i.Low <= x && x <= i.High }

// MarshalJSON writes the bounds as null where there are none.
func (i Interval) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{"Median":%s,"Low":%s,"High":%s}`, number(i.Median), number(i.Low), number(i.High)), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (i *Interval) UnmarshalJSON(text []byte) error {
	var from struct{ Median, Low, High *float64 }
	if err := json.Unmarshal(text, &from); err != nil {
		return err
	}
	*i = Interval{math.NaN(), math.Inf(-1), math.Inf(1)}
	for to, x := range map[*float64]*float64{&i.Median: from.Median, &i.Low: from.Low, &i.High: from.High} {
		if x != nil {
			*to = *x
		}
	}
	return nil
}

func number(x float64) string {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return "null"
	}
	return fmt.Sprintf("%.6g", x)
}
