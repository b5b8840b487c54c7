package otelentra

import (
	"errors"

	"go.opentelemetry.io/otel/metric"
)

// An instrumentMaker makes instruments, and keeps the errors of the meter until the end.
type instrumentMaker struct {
	meter    metric.Meter
	problems []error
}

// seconds makes a gauge of a time.
func (m *instrumentMaker) seconds(name, description string) metric.Float64ObservableGauge {
	g, err := m.meter.Float64ObservableGauge(name, metric.WithUnit("s"), metric.WithDescription(description))
	m.problems = append(m.problems, err)
	return g
}

// total makes a counter.
func (m *instrumentMaker) total(name, unit, description string) metric.Int64ObservableCounter {
	c, err := m.meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	m.problems = append(m.problems, err)
	return c
}

// number makes an up-down counter, whose values add up.
func (m *instrumentMaker) number(name, unit, description string) metric.Int64ObservableUpDownCounter {
	c, err := m.meter.Int64ObservableUpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	m.problems = append(m.problems, err)
	return c
}

// level makes a gauge of a number whose values do not add up.
func (m *instrumentMaker) level(name, unit, description string) metric.Int64ObservableGauge {
	g, err := m.meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
	m.problems = append(m.problems, err)
	return g
}

// durations makes a histogram of times.
func (m *instrumentMaker) durations(name, description string, buckets ...float64) metric.Float64Histogram {
	h, err := m.meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description),
		metric.WithExplicitBucketBoundaries(buckets...))
	m.problems = append(m.problems, err)
	return h
}

func (m *instrumentMaker) err() error { return errors.Join(m.problems...) }
