package entra

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra/internal/clock"
	"github.com/entraredis/entraredis/core/entra/internal/schedule"
)

const (
	// requestGrace is what a credential gets to return after its context has ended.
	requestGrace = time.Second

	// maxAbandoned is the upper bound of abandoned calls: those that the credential has not
	// returned from after their deadline. A few may hang in a lost connection. If eight hang, the
	// next one would hang as well.
	maxAbandoned = 8

	// silencePatience is for how long a credential may be silent, while no token is valid, before the
	// log and callers hear of it. A cold start with a command line tool takes 2 to 3 seconds.
	silencePatience = 3 * time.Second
)

// A renewer is the goroutine of a Source, and the state that only this goroutine reads and writes.
//
// It waits for the first of these: the next request is due, the running request ends, the token
// expires, a caller waits without a valid token, a server refuses the token, Close. One request
// runs at a time, besides abandoned ones.
type renewer struct {
	s        *Source
	cred     azcore.TokenCredential
	scope    string
	username string
	timeout  time.Duration // of an attempt: 0 is the schedule's, negative is none
	log      *slog.Logger
	results  chan result

	plan    *schedule.Plan
	token   Token         // the newest so far, also after its expiry
	number  uint64        // of that token, from 1
	changed chan struct{} // see snapshot
	lastErr *RefreshError // nil if the last request did not fail
	silence *RefreshError // not nil if nothing has failed, but the running request is silent for long

	isTransient bool          // see snapshot
	reasonKnown chan struct{} // see snapshot

	running   *request
	abandoned int

	observed refreshReporter
	trouble  troubleLog
}

func newRenewer(s *Source, cred azcore.TokenCredential, o Options) *renewer {
	return &renewer{
		s:        s,
		cred:     cred,
		scope:    o.Scope,
		username: o.Username,
		timeout:  o.AttemptTimeout,
		log:      o.Logger,
		results:  make(chan result),
		plan:     schedule.New(s.readClocks()),
		changed:  make(chan struct{}),

		reasonKnown: make(chan struct{}),

		observed: refreshReporter{relay: s.relay, observer: s.observer},
		trouble:  troubleLog{log: o.Logger},
	}
}

// run is the goroutine. The deferred shutdown releases the callers even if an error of the
// credential ends the goroutine.
func (r *renewer) run(ctx context.Context) {
	defer close(r.s.done)
	defer r.shutdown()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		now := r.s.readClocks()
		r.expire(now)
		r.abandonOverdue(now)
		r.noticeSilence(now)
		if r.mayStart() && now.Reached(r.due()) {
			r.start(ctx, now)
		}
		r.wait(ctx, timer)
	}
}

// wait waits until the alarm goes off, or until something happens before.
func (r *renewer) wait(ctx context.Context, timer *time.Timer) {
	alarm := r.alarm()
	for nap := alarm.Nap(r.s.readClocks()); nap > 0; nap = alarm.Nap(r.s.readClocks()) {
		timer.Reset(nap)
		select {
		case <-timer.C:
			continue
		case <-ctx.Done():
		case <-r.s.wake: // due reads the number of waiting callers
		case t := <-r.s.rejects:
			r.reject(t, r.s.readClocks())
		case res := <-r.results:
			r.finish(res, r.s.readClocks())
		}
		return
	}
}

// alarm returns the alarm at the next moment of the plan, as far as the renewer knows now.
func (r *renewer) alarm() schedule.Alarm {
	switch {
	case r.running != nil:
		return r.plan.Alarm(r.running.abandonAt, r.silentFrom())
	case r.mayStart():
		return r.plan.Alarm(r.due())
	}
	return r.plan.Alarm()
}

func (r *renewer) mayStart() bool { return r.running == nil && r.abandoned < maxAbandoned }

func (r *renewer) due() clock.Instant { return r.plan.Due(r.s.waiters.Load() > 0) }

// expire takes an expired token away from the readers. Readers therefore need no clock.
func (r *renewer) expire(now clock.Instant) {
	if !r.plan.Expire(now) {
		return
	}
	r.publish()
	if r.plan.Failures() > 0 || r.trouble.isOpen() {
		r.trouble.report(r.observed.context(), r.validToken(),
			"the token expired and was not renewed: Redis closes connections, new logins wait for a token", r.expiryAttrs()...)
	}
}

// expiryAttrs say to the log why an expired token was not renewed, and when the next request is due.
func (r *renewer) expiryAttrs() []slog.Attr {
	reason := "the credential keeps returning the current token"
	if r.lastErr != nil {
		reason = r.lastErr.advice()
	}
	attrs := []slog.Attr{
		slog.Time("expired_on", r.token.ExpiresOn()), slog.Int("failures", r.plan.Failures()),
		slog.Time("retry_at", r.plan.Next().Wall), slog.String("reason", reason),
	}
	if r.lastErr != nil {
		attrs = append(append(attrs, slog.String("kind", string(r.lastErr.Kind))), r.lastErr.answerAttrs()...)
	}
	return attrs
}

// validToken returns the current token, the zero Token if that has expired.
func (r *renewer) validToken() Token {
	if !r.plan.Valid() {
		return Token{}
	}
	return r.token
}

// nextTrigger returns why the next request is made.
func (r *renewer) nextTrigger() RefreshTrigger {
	switch {
	case !r.plan.Valid():
		return TriggerInitial
	case r.plan.IsForced():
		return TriggerForced
	}
	return TriggerScheduled
}

// start starts a request, and a refresh if none is open.
func (r *renewer) start(ctx context.Context, now clock.Instant) {
	r.observed.begin(ctx, r.nextTrigger(), now)
	timeout := r.timeout
	if timeout == 0 {
		timeout = r.plan.RequestTimeout()
	}
	req := r.observed.beginAttempt(r.plan.Start(now), now)
	// The observer may return a context with an end of its own. Only the renewer ends the request.
	ctx = context.WithoutCancel(req.ctx)
	if timeout < 0 {
		ctx, req.cancel = context.WithCancel(ctx)
		req.abandonAt = clock.Never
	} else {
		ctx, req.cancel = context.WithTimeout(ctx, timeout)
		req.abandonAt = now.Add(timeout).Add(requestGrace)
	}
	r.running = req
	go req.send(ctx, r.cred, r.scope, r.deliverResult)
}

// silentFrom returns when the running request has been silent for so long that callers and the log
// hear of it.
func (r *renewer) silentFrom() clock.Instant {
	if r.running == nil || r.plan.Valid() || r.lastErr != nil || r.silence != nil {
		return clock.Never
	}
	return r.running.began.Add(silencePatience)
}

// noticeSilence tells callers and the log that the credential does not answer.
func (r *renewer) noticeSilence(now clock.Instant) {
	if !now.Reached(r.silentFrom()) {
		return
	}
	r.silence, r.isTransient = noAnswerYet(r.plan.Failures()+1), false
	r.publishReason()
	r.trouble.reportSilence(r.observed.context(), "no new token: "+r.silence.advice(), r.silence.logAttrs()...)
}

// deliverResult hands a result to the renewer while there is one.
func (r *renewer) deliverResult(res result) {
	select {
	case r.results <- res:
	case <-r.s.done:
	}
}

// abandonOverdue stops waiting for a request that ignores its deadline.
func (r *renewer) abandonOverdue(now clock.Instant) {
	if r.running == nil || !now.Reached(r.running.abandonAt) {
		return
	}
	res := result{request: r.running, err: errStuck}
	r.abandon()
	r.failed(res, now)
}

func (r *renewer) abandon() {
	r.running, r.silence = nil, nil
	r.abandoned++
}

// finish draws the conclusions from the end of a request.
func (r *renewer) finish(res result, now clock.Instant) {
	r.expire(now)
	wasAbandoned := res.request != r.running
	if wasAbandoned {
		r.abandoned--
	} else {
		r.running, r.silence = nil, nil
	}
	var t Token
	worth := schedule.NoNewerToken
	if res.err == nil {
		t, res.err = newToken(res.returned, r.username, now.Wall)
	}
	if res.err == nil {
		worth = r.plan.Judge(t.validity(), t.sameSecret(r.token), now)
	}
	if worth == schedule.ExpiredToken {
		res.err = errExpiredToken
	}
	switch {
	case worth == schedule.NewerToken:
		if !wasAbandoned {
			r.observed.endAttempt(res.request, now, false, nil)
		}
		r.accept(t, res, now)
	case wasAbandoned:
		// The credential has been asked again since. That answer counts.
	case res.err == nil:
		r.observed.endAttempt(res.request, now, true, nil)
		r.planAgain(r.plan.SameToken(res.withClaims, now, rand.Float64()))
	case res.withClaims && res.refusedClaims() && r.plan.Valid():
		r.observed.endAttempt(res.request, now, false, res.refreshError(r.plan.Failures(), now.Wall, now.Wall))
		r.planAgain(r.plan.ClaimsRefused(now, rand.Float64()))
	default:
		r.failed(res, now)
	}
}

// accept makes t the current token.
func (r *renewer) accept(t Token, res result, now clock.Instant) {
	if r.running != nil {
		// t comes from an abandoned request, and the running one has nothing to do any more.
		r.running.cancel()
		r.observed.endAttempt(r.running, now, false, context.Canceled)
		r.abandon()
	}
	var remaining time.Duration
	if !r.token.IsZero() {
		remaining = r.plan.UntilExpiry(now)
		if was, is := r.token.Username(), t.Username(); was != is {
			r.log.LogAttrs(r.observed.context(), slog.LevelWarn,
				"entra: the credential now gives tokens of another identity, connections follow it",
				slog.String("was", was), slog.String("is", is))
		}
	}
	r.observed.begin(context.Background(), r.nextTrigger(), now) // an abandoned request's refresh may have ended
	regular, failures := r.observed.open.trigger == TriggerScheduled, r.plan.Failures()
	r.plan.NewToken(t.validity(), res.returned.RefreshOn, regular, now, rand.Float64())
	r.token, r.lastErr = t, nil
	r.number++
	r.trouble.recovered(r.observed.context(), t, failures)

	superseded := r.changed
	r.changed = make(chan struct{})
	r.publish()
	close(superseded)
	r.observed.end(now, RefreshDoneInfo{
		Remaining: remaining, ExpiresOn: t.ExpiresOn(), Token: t.Times(), NextAttempt: r.plan.Next().Wall,
	})
}

// planAgain publishes the plan after a request that brought no newer token.
func (r *renewer) planAgain(isOverdue bool) {
	if isOverdue {
		r.trouble.report(r.observed.context(), r.validToken(),
			"token renewal overdue: the credential keeps returning the current token; retrying every few seconds")
	}
	if r.lastErr != nil {
		replanned := *r.lastErr
		replanned.RetryAt = r.plan.Next().Wall
		r.lastErr = &replanned
	}
	r.publish()
}

// failed plans the next request after a failed one. The current token stays valid.
func (r *renewer) failed(res result, now clock.Instant) {
	r.plan.Failed(res.failure(now.Wall), now, rand.Float64(), rand.Float64())
	r.lastErr = res.refreshError(r.plan.Failures(), r.plan.Next().Wall, now.Wall)
	r.isTransient = !res.needsOperator()
	r.observed.endAttempt(res.request, now, false, r.lastErr)
	r.publishReason()
	ctx := r.observed.context()
	r.log.LogAttrs(ctx, slog.LevelDebug, "entra: an attempt failed", res.logAttrs(r.lastErr)...)
	r.trouble.report(ctx, r.validToken(), "no new token: "+r.lastErr.advice(), r.lastErr.logAttrs()...)
}

// reject notes that the current token is to be replaced early, because a server refused it. A
// credential that asks a person does so once: if two of its tokens are refused, a third is as well.
func (r *renewer) reject(t Token, now clock.Instant) {
	if t != r.token || !r.plan.Valid() || r.timeout < 0 && r.plan.ForcedRequests() > 0 {
		return
	}
	r.plan.TokenRefused(r.running != nil, now)
	r.publish()
}

// publishReason shows the state to the readers, and wakes the callers that wait for a reason.
func (r *renewer) publishReason() {
	superseded := r.reasonKnown
	r.reasonKnown = make(chan struct{})
	r.publish()
	close(superseded)
}

// publish shows the state to the readers.
func (r *renewer) publish() {
	snap := &snapshot{
		token:   r.validToken(),
		number:  r.number,
		changed: r.changed,
		outlook: r.plan.Outlook(),
		status: Status{
			Valid:       r.plan.Valid(),
			ExpiresOn:   r.token.ExpiresOn(),
			NextAttempt: r.plan.Next().Wall,
			Failures:    r.plan.Failures(),
		},
		reason:      r.silence,
		isTransient: r.isTransient,
		reasonKnown: r.reasonKnown,
	}
	if r.lastErr != nil { // a nil *RefreshError must not become an error that is not nil
		snap.status.Err, snap.reason = r.lastErr, r.lastErr
	}
	r.s.current.Store(snap)
}

// shutdown shows the readers that there will be no more tokens.
func (r *renewer) shutdown() {
	last := *r.s.current.Load()
	last.token = Token{}
	last.status.Valid, last.status.Closed, last.status.NextAttempt = false, true, time.Time{}
	r.s.current.Store(&last)
	close(r.changed)
	if r.running != nil {
		r.running.cancel()
		r.awaitRunning()
		r.observed.endAttempt(r.running, r.s.readClocks(), false, ErrClosed)
	}
	r.observed.end(r.s.readClocks(), RefreshDoneInfo{Err: ErrClosed})
}

// awaitRunning gives a cancelled request the time to return that Close has for it.
func (r *renewer) awaitRunning() {
	grace := time.NewTimer(callPatience)
	defer grace.Stop()
	for {
		select {
		case res := <-r.results:
			if res.request == r.running {
				return
			}
		case <-grace.C:
			return
		}
	}
}
