package otelentra

import (
	"errors"

	"go.opentelemetry.io/otel/metric"
)

// instruments are what events are recorded with as they happen.
type instruments struct {
	refreshDuration  metric.Float64Histogram
	requestDuration  metric.Float64Histogram
	remaining        metric.Float64Histogram
	authDuration     metric.Float64Histogram
	rotationDuration metric.Float64Histogram
	retirements      metric.Int64Counter
	reconnections    metric.Int64Counter
}

func newInstruments(m metric.Meter) (instruments, error) {
	var problems []error
	seconds := func(name, description string, buckets ...float64) metric.Float64Histogram {
		h, err := m.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description),
			metric.WithExplicitBucketBoundaries(buckets...))
		problems = append(problems, err)
		return h
	}
	count := func(name, unit, description string) metric.Int64Counter {
		c, err := m.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
		problems = append(problems, err)
		return c
	}
	i := instruments{
		// Entra answers within a second as a rule; an outage makes a refresh last for minutes.
		refreshDuration: seconds("entraredis.token.refresh.duration",
			"Time from the first request for a newer token to its arrival, retries included.",
			.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120),
		requestDuration: seconds("entraredis.token.request.duration",
			"Duration of one request to the credential.",
			.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60),
		// Tokens live 60 to 90 minutes, those of managed identities 24 hours. What is in the first bucket had
		// expired before there was another; 180 is where the service's guidance wants every connection renewed.
		remaining: seconds("entraredis.token.refresh.remaining_lifetime",
			"What the old token had left to live when it was replaced; 0 if it had expired.",
			0, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400),
		// Those of db.client.operation.duration: an AUTH is an operation like others.
		authDuration: seconds("entraredis.connection.auth.duration",
			"Time from writing an AUTH to its answer.",
			.001, .005, .01, .05, .1, .5, 1, 5, 10),
		// A window is 10 minutes at most; what takes longer met refusals.
		rotationDuration: seconds("entraredis.rotation.duration",
			"Time from a newer token to the last connection that is settled.",
			1, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600),
		retirements: count("entraredis.connection.retirements", "{connection}",
			"Connections that ended because of their token."),
		reconnections: count("entraredis.connection.reconnections", "{reconnection}",
			"Logins that made up for a lost connection, by why that was lost."),
	}
	return i, errors.Join(problems...)
}
