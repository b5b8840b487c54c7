package otelentra

import (
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/semconv/v1.30.0"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/otel/internal/census"
)

// A tokenTally counts what happens to the tokens of a Source.
type tokenTally struct {
	renewals *tally
	failures *tally

	mu     sync.Mutex
	inARow int // failures since the last success
}

func newTokenTally(attrs []attribute.KeyValue) *tokenTally {
	return &tokenTally{
		renewals: newTally(attrs, keyTrigger,
			string(entra.TriggerInitial), string(entra.TriggerScheduled), string(entra.TriggerForced)),
		failures: newTally(attrs, semconv.ErrorTypeKey, string(entra.KindNetwork), string(entra.KindThrottled),
			string(entra.KindRejected), string(entra.KindMalformed), string(entra.KindTimedOut)),
	}
}

// renewed counts a newer token.
func (t *tokenTally) renewed(why entra.RefreshTrigger) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inARow = 0
	t.renewals.add(string(why))
}

// failed counts a failed request. If the credential refuses claims, the Source asks again without them. That is no
// failure, and does not increase the count in the error.
func (t *tokenTally) failed(err *entra.RefreshError) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err.Attempt > t.inARow {
		t.inARow = err.Attempt
		t.failures.add(string(err.Kind))
	}
}

// tokenMetrics are what is observed of the token.
type tokenMetrics struct {
	tally           *tokenTally
	identity        metric.MeasurementOption
	expiry          metric.Float64ObservableGauge
	failuresInARow  metric.Int64ObservableGauge
	renewals        metric.Int64ObservableCounter
	requestFailures metric.Int64ObservableCounter
}

func newTokenMetrics(o *observer, m *instrumentMaker) *tokenMetrics {
	return &tokenMetrics{
		tally: o.tokens, identity: o.identity,
		expiry: m.seconds("entraredis.token.time_to_expiry",
			"Time until the newest token expires; negative once it has."),
		failuresInARow: m.level("entraredis.token.refresh.consecutive_failures", "{failure}",
			"Requests for a newer token that failed since the last success."),
		renewals: m.total("entraredis.token.renewals", "{renewal}",
			"Newer tokens, by why they were asked for."),
		requestFailures: m.total("entraredis.token.request.failures", "{failure}",
			"Requests to the credential that brought no token, by what went wrong."),
	}
}

func (t *tokenMetrics) instruments() []metric.Observable {
	return []metric.Observable{t.expiry, t.failuresInARow, t.renewals, t.requestFailures}
}

func (t *tokenMetrics) observe(to metric.Observer, s census.Snapshot, _ []poolSum) {
	if !s.Token.ExpiresOn.IsZero() {
		to.ObserveFloat64(t.expiry, s.Token.ExpiresOn.Sub(s.At).Seconds(), t.identity)
	}
	to.ObserveInt64(t.failuresInARow, int64(s.Token.Failures), t.identity)
	t.tally.renewals.observe(to, t.renewals)
	t.tally.failures.observe(to, t.requestFailures)
}
