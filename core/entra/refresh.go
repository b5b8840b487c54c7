package entra

import (
	"context"

	"github.com/entraredis/entraredis/core/entra/internal/clock"
)

// A refresh is the time from the first request for a new token until that token arrives.
type refresh struct {
	ctx      context.Context // what RefreshStart returned
	trigger  RefreshTrigger
	began    clock.Instant
	attempts int // its requests
}

// A refreshReporter calls the observer for refreshes and for the requests in them, which an
// Observer knows as attempts.
type refreshReporter struct {
	relay    *relay
	observer *Observer // calls relay
	open     *refresh  // nil while none is
}

// context returns the context of the open refresh, for log handlers that look for a trace in it.
func (r *refreshReporter) context() context.Context {
	if r.open != nil {
		return r.open.ctx
	}
	return context.Background()
}

// begin opens a refresh unless one is open.
func (r *refreshReporter) begin(ctx context.Context, trigger RefreshTrigger, now clock.Instant) {
	if r.open != nil {
		return
	}
	r.open = &refresh{trigger: trigger, began: now}
	r.open.ctx = r.observer.RefreshStart(ctx, RefreshStartInfo{Trigger: trigger})
}

// beginAttempt reports a request, and returns it with the observer's context. It waits until the
// observers have put into that what the credential is to get, for 10 ms at most.
func (r *refreshReporter) beginAttempt(withClaims bool, now clock.Instant) *request {
	r.open.attempts++
	req := &request{number: r.open.attempts, withClaims: withClaims, began: now}
	req.ctx = r.observer.AttemptStart(r.open.ctx, AttemptStartInfo{Attempt: req.number, Claims: withClaims})
	r.relay.await(req.ctx)
	return req
}

// endAttempt reports the end of a request.
func (r *refreshReporter) endAttempt(req *request, now clock.Instant, unchanged bool, err error) {
	r.observer.AttemptDone(req.ctx, AttemptDoneInfo{
		Attempt: req.number, Claims: req.withClaims, Duration: now.Mono - req.began.Mono, Unchanged: unchanged, Err: err,
	})
}

// end reports the end of the open refresh, if there is one. It adds to outcome what the refresh
// itself knows.
func (r *refreshReporter) end(now clock.Instant, outcome RefreshDoneInfo) {
	if r.open == nil {
		return
	}
	ended := r.open
	r.open = nil
	outcome.Trigger, outcome.Attempts, outcome.Duration = ended.trigger, ended.attempts, now.Mono-ended.began.Mono
	r.observer.RefreshDone(ended.ctx, outcome)
}
