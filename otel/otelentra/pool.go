package otelentra

import (
	"slices"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/semconv/v1.43.0"

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

	mu    sync.Mutex
	auths map[outcome][]metric.RecordOption
}

// tokenStates is how many values entraredis.connection.token_state has.
const tokenStates = 4

// An outcome distinguishes AUTHs in metrics. Both of its fields have few values.
type outcome struct {
	phase     entra.AuthPhase
	errorType string
}

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
		auths:         make(map[outcome][]metric.RecordOption),
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

// authOptions are the attributes of one AUTH.
func (p *pool) authOptions(phase entra.AuthPhase, errorType, status string) []metric.RecordOption {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := outcome{phase, errorType}
	if opts := p.auths[key]; opts != nil {
		return opts
	}
	attrs := []attribute.KeyValue{keyPhase.String(string(phase))}
	opts := []metric.RecordOption{withSet(p.attrs, append(attrs, errorAttributes(errorType, status)...)...)}
	p.auths[key] = opts
	return opts
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
