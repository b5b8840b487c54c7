package otelentra

import (
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/semconv/v1.30.0"

	"github.com/entraredis/entraredis/core/entra"
)

// A pool is what metrics tell apart: a client with all its servers, or with [WithMetricsPerServer] one
// of these. It keeps its attributes as the SDK wants them: to make a set costs five times as much as to
// record with one.
type pool struct {
	attrs         []attribute.KeyValue
	gauge         metric.MeasurementOption
	whole         []metric.RecordOption
	states        [tokenStates]metric.ObserveOption
	retirements   *tally
	reconnections *tally
	refusals      *tally
	refusing      refusals
	accepted      map[entra.AuthPhase][]metric.RecordOption // AUTHs
	failed        []metric.RecordOption                     // AUTHs
}

// tokenStates is how many values entraredis.connection.token_state has.
const tokenStates = 4

// retireReasons are the reasons for which connections end because of their tokens. With the other
// reasons the client closed the connection, or it was lost, which shows up as a reconnection.
func retireReasons() []string {
	return []string{
		string(entra.CloseAuthRejected), string(entra.CloseAuthTimeout), string(entra.CloseExpired),
		string(entra.CloseUnsupported), string(entra.CloseProtocol),
	}
}

// refusalCodes are those of answers with which Redis refuses a login. All others count as _OTHER.
func refusalCodes() []string { return []string{"WRONGPASS", "NOAUTH", "NOPERM", "ERR", errorOther} }

func newPool(attrs []attribute.KeyValue) *pool {
	whole := withSet(attrs)
	p := &pool{
		attrs: attrs, gauge: whole, whole: []metric.RecordOption{whole},
		retirements:   newTally(attrs, keyRetireReason, retireReasons()...),
		reconnections: newTally(attrs, keyRetireReason, append(retireReasons(), string(entra.CloseByServer))...),
		refusals:      newTally(attrs, semconv.DBResponseStatusCodeKey, refusalCodes()...),
		accepted:      make(map[entra.AuthPhase][]metric.RecordOption),
		failed:        []metric.RecordOption{withSet(attrs, semconv.ErrorTypeOther)},
	}
	for _, phase := range []entra.AuthPhase{entra.AuthInitial, entra.AuthRotation, entra.AuthRetry} {
		p.accepted[phase] = []metric.RecordOption{withSet(attrs, keyPhase.String(string(phase)))}
	}
	for i, state := range [tokenStates]string{"current", "stale", "at_risk", "expired"} {
		p.states[i] = withSet(attrs, keyTokenState.String(state))
	}
	return p
}

// withSet returns the attributes for a measurement.
func withSet(attrs []attribute.KeyValue, more ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(append(slices.Clone(attrs), more...)...))
}

// authOptions are the attributes of the duration of an AUTH. All that failed are one histogram: what went wrong is counted,
// and on spans.
func (p *pool) authOptions(phase entra.AuthPhase, isFailure bool) []metric.RecordOption {
	if opts := p.accepted[phase]; opts != nil && !isFailure {
		return opts
	}
	return p.failed
}

// errorAttributes say how an AUTH failed; there are none if it did not.
func errorAttributes(errorType, status string) []attribute.KeyValue {
	var attrs []attribute.KeyValue
	if errorType != "" {
		attrs = append(attrs, semconv.ErrorTypeKey.String(errorType))
	}
	if status != "" {
		attrs = append(attrs, semconv.DBResponseStatusCode(status))
	}
	return attrs
}
