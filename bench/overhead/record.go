package overhead

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/entraredis/entraredis/bench/internal/stats"
)

// longest is the longest latency that a histogram records. A longer call counts as this.
const longest = 10 * time.Second

// A record is what was measured of one of the two that are compared.
type record struct {
	Rates, CPU    []float64 // of each slice
	Commands      uint64
	Allocs, Bytes uint64
	Latency       histogram
}

func newRecord() *record { return &record{Latency: newHistogram()} }

// add adds what was measured at another time.
func (r *record) add(o *record) {
	r.Rates, r.CPU = slices.Concat(r.Rates, o.Rates), slices.Concat(r.CPU, o.CPU)
	r.Commands += o.Commands
	r.Allocs += o.Allocs
	r.Bytes += o.Bytes
	r.Latency.Merge(o.Latency.Histogram)
}

func (r *record) side() Side {
	quantile := func(q float64) time.Duration { return time.Duration(r.Latency.ValueAtQuantile(q)) }
	return Side{
		Rate: stats.Median(r.Rates).Median, CPU: time.Duration(stats.Median(r.CPU).Median),
		Allocs: float64(r.Allocs) / float64(r.Commands), Bytes: float64(r.Bytes) / float64(r.Commands),
		P50: quantile(50), P99: quantile(99), P999: quantile(99.9),
	}
}

// A histogram is of latencies, in nanoseconds. It tells them to a percent, for there are many histograms.
type histogram struct{ *hdrhistogram.Histogram }

func newHistogram() histogram { return histogram{hdrhistogram.New(1, int64(longest), 2)} }

// MarshalJSON writes the format that all of HdrHistogram's libraries read, as a string.
func (h histogram) MarshalJSON() ([]byte, error) {
	text, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return nil, err
	}
	return json.Marshal(text)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (h *histogram) UnmarshalJSON(text []byte) (err error) {
	var from []byte
	if err := json.Unmarshal(text, &from); err != nil {
		return err
	}
	h.Histogram, err = hdrhistogram.Decode(from)
	return err
}
