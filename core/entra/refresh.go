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
