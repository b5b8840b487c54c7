package otelentra

import (
	"slices"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// A tally counts events by one attribute, whose values are known beforehand. Each of them is observed
// from the start, with 0: Prometheus sees no increase in a counter whose first sample is its first
// event. A counter of the SDK would not do, because 0 that is added before there is a meter provider
// is lost.
type tally struct {
	values []string
	counts []atomic.Int64
	attrs  []metric.ObserveOption // of each value
}

// newTally returns a tally whose counts are observed with attrs, and with each value under the key.
func newTally(attrs []attribute.KeyValue, key attribute.Key, values ...string) *tally {
	t := &tally{values: values, counts: make([]atomic.Int64, len(values))}
	for _, v := range values {
		t.attrs = append(t.attrs, withSet(attrs, key.String(v)))
	}
	return t
}

// add counts an event. A value that is not known beforehand counts as _OTHER, if that is one of them.
func (t *tally) add(value string) {
	i := slices.Index(t.values, value)
	if i < 0 {
		i = slices.Index(t.values, errorOther)
	}
	if i >= 0 {
		t.counts[i].Add(1)
	}
}

func (t *tally) observe(to metric.Observer, counter metric.Int64ObservableCounter) {
	for i := range t.counts {
		to.ObserveInt64(counter, t.counts[i].Load(), t.attrs[i])
	}
}
