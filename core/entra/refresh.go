package entra

import "context"

// A refresh is the time from the first attempt for a new token to its arrival, as observers see it.
type refresh struct {
	ctx      context.Context // what RefreshStart returned
	trigger  RefreshTrigger
	began    instant
	attempts int
}

// beginRefresh opens a refresh, unless one is open.
func (r *renewer) beginRefresh(ctx context.Context, now instant) {
	if r.refresh != nil {
		return
	}
	trigger := TriggerScheduled
	switch {
	case !r.valid:
		trigger = TriggerInitial
	case r.forced:
		trigger = TriggerForced
	}
	r.refresh = &refresh{trigger: trigger, began: now}
	r.refresh.ctx = r.s.observer.RefreshStart(ctx, RefreshStartInfo{Trigger: trigger})
}

// beginAttempt tells the observer of an attempt, and returns it with the context that the credential is to get.
func (r *renewer) beginAttempt(claims bool, now instant) (*attempt, context.Context) {
	r.refresh.attempts++
	a := &attempt{number: r.refresh.attempts, claims: claims, began: now}
	a.ctx = r.s.observer.AttemptStart(r.refresh.ctx, AttemptStartInfo{Attempt: a.number, Claims: claims})
	// An observer may return a context of its own making; whatever that is, only we end the attempt.
	timeout := attemptTimeout(r.token.Lifetime())
	ctx, cancel := context.WithTimeout(context.WithoutCancel(a.ctx), timeout)
	a.cancel, a.overdue = cancel, now.add(timeout+attemptGrace)
	return a, ctx
}

// endAttempt tells the observer how an attempt went.
func (r *renewer) endAttempt(a *attempt, now instant, unchanged bool, err error) {
	r.s.observer.AttemptDone(a.ctx, AttemptDoneInfo{
		Attempt: a.number, Claims: a.claims, Duration: now.mono - a.began.mono, Unchanged: unchanged, Err: err,
	})
}

// endRefresh tells the observer that a refresh is over; done lacks what the refresh itself knows.
func (r *renewer) endRefresh(now instant, done RefreshDoneInfo) {
	if r.refresh == nil {
		return
	}
	ended := r.refresh
	r.refresh = nil
	done.Trigger, done.Attempts, done.Duration = ended.trigger, ended.attempts, now.mono-ended.began.mono
	r.s.observer.RefreshDone(ended.ctx, done)
}
