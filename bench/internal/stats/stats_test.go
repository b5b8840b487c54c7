package stats_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/entraredis/entraredis/bench/internal/stats"
)

// A machine that slows down for a while does not hide a difference of one percent between two that run in turns.
func TestInterleavedPairsResolveOnePercent(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var base, ours []float64
	for range 60 {
		speed := 1000 + 300*rnd.Float64()
		base = append(base, speed*(1+0.01*rnd.NormFloat64()))
		ours = append(ours, 0.97*speed*(1+0.01*rnd.NormFloat64()))
	}
	r := stats.Ratio(ours, base)
	if !r.Covers(0.97) || r.Covers(1) || r.High-r.Low > 0.02 {
		t.Errorf("%+v", r)
	}
}

func TestChangeIsReadable(t *testing.T) {
	for _, tc := range []struct {
		in   stats.Interval
		want string
	}{
		{stats.Interval{Median: 0.996, Low: 0.98, High: 1.0001}, "−0.4 % (−2.0 … 0.0)"},
		{stats.Interval{Median: 1.5, Low: 1.2, High: 2}, "+50.0 % (+20.0 … +100.0)"},
		{stats.Median([]float64{1, 1.1}), "+5.0 % (? … ?)"},
	} {
		if got := tc.in.Change(); got != tc.want {
			t.Errorf("%v: %q, want %q", tc.in, got, tc.want)
		}
	}
}

func TestResultsWithoutAnIntervalAreStillJSON(t *testing.T) {
	want := stats.Median([]float64{2})
	text, err := json.Marshal(want)
	if err != nil || string(text) != `{"Median":2,"Low":null,"High":null}` {
		t.Error(string(text), err)
	}
	var got stats.Interval
	if err := json.Unmarshal(text, &got); err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}
