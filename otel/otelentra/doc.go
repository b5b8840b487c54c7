// Package otelentra reports to OpenTelemetry what a Source and its connections do: how long the
// token still lives, what Entra answers, which connections have which token, what reconnected and
// why.
//
//	obs, err := otelentra.NewObserver()
//	if err != nil {
//		return err
//	}
//	src, err := entra.NewSource(cred, &entra.Options{Observer: obs})
//
// docs/observability.md lists all signals with their attributes, and says what to read from them and
// what they cost.
//
// # What it promises
//
//   - No token, no claim, and no text of an error is in any name, attribute, status or event; nor
//     are the ids of connections and requests. error.type is one of a closed set. The object id is
//     on spans if [WithUserID] puts it there, and nowhere else.
//   - Recording one AUTH takes about 600 ns with the SDK of OpenTelemetry and without spans, and
//     does not allocate. Collecting the gauges costs the same for 10 connections as for 10,000.
//   - Gauges of counts go to zero when the connections of a pool have closed; those of lives then
//     say nothing, since 0 s would read as an expiry. Counters of tokens are there, with 0, from the
//     start, and those of a pool from its first connection on, so that the first event shows as an
//     increase. That holds for a meter provider that is set late as well.
//   - A process with one Source and one pool has 52 time series, however many servers the pool has
//     and whatever goes wrong. [WithMetrics] and [WithMetricsPerServer] change that.
//   - Metrics are the same with every tracer provider: unset, no-op, sampling some traces or none,
//     set late, shut down. No lock is held while the SDK is called.
//   - Spans follow the semantic conventions of [go.opentelemetry.io/otel/semconv/v1.30.0], as their
//     schema URL says; what no convention names is called entraredis.*.
//
// # Spans
//
// "refresh token" and "rotate connections" have no parent: no caller waits for them. A refresh that
// does not succeed has one span a minute, each linked to the one before: traces show a span when it
// has ended, and an outage is looked at while it goes on. "request token" is one call to the
// credential, below its refresh; the credential gets its context, so that spans of azidentity and of
// its HTTP client go below it. "AUTH", followed by the address of the pool, is a login, below the
// caller's span, or the AUTH of an open connection, by itself and linked to its rotation. What
// refreshes cause links to them: a rotation of 10,000 connections is one trace for each span, so
// that samplers decide about each. [NewSampler] keeps all of them. "reconnect" lasts from the loss of
// a connection to the login that makes up for it, and links to that. [WithSpans] says which AUTHs of
// a rotation have spans at all.
//
// A login that a client's dial is waiting for always has a span, unless the policy is [SpansNone];
// in a storm of reconnections these are as many as the client's own spans of dials. A sampler other
// than NewSampler treats them alike.
package otelentra
