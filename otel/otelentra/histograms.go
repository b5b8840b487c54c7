package otelentra

import (
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// histograms are recorded as events happen.
type histograms struct {
	remaining        metric.Float64Histogram
	refreshDuration  metric.Float64Histogram
	requestDuration  metric.Float64Histogram
	authDuration     metric.Float64Histogram
	rotationDuration metric.Float64Histogram
}

// newHistograms makes the histograms of the groups. Those of others record nothing.
func newHistograms(m *instrumentMaker, groups MetricGroups) histograms {
	none := noop.Float64Histogram{}
	h := histograms{none, none, none, none, none}
	if groups.has(MetricsTokens) {
		// Tokens live 60 to 90 minutes, those of managed identities 24 hours. What is in the first bucket had
		// expired before there was another; 180 is where the service's guidance wants every connection renewed.
		h.remaining = m.durations("entraredis.token.refresh.remaining_lifetime",
			"What the old token had left to live when it was replaced; 0 if it had expired.",
			0, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400)
	}
	if groups.has(MetricsDurations) {
		// Each bucket is a time series, so there are few. Entra answers within a second as a rule; an outage makes a
		// refresh last for minutes.
		h.refreshDuration = m.durations("entraredis.token.refresh.duration",
			"Time from the first request for a newer token to its arrival, retries included.",
			.1, .5, 1, 5, 30, 120)
		h.requestDuration = m.durations("entraredis.token.request.duration",
			"Duration of one request to the credential.",
			.05, .1, .5, 1, 5, 30)
		// Those of db.client.operation.duration: an AUTH is an operation like others.
		h.authDuration = m.durations("entraredis.connection.auth.duration",
			"Time from writing an AUTH to its answer.",
			.001, .005, .01, .05, .1, .5, 1, 5, 10)
		// A window is 10 minutes at most; what takes longer met refusals.
		h.rotationDuration = m.durations("entraredis.rotation.duration",
			"Time from a newer token to the last connection that is settled.",
			10, 60, 300, 600, 900, 1800)
	}
	return h
}
