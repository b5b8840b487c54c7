package entra

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// maxAbandoned bounds the calls that a credential has not returned from although their deadline has passed. A
// few may have hung on something that is gone; when all do, one more would hang as well.
const maxAbandoned = 8

// A renewer is the goroutine behind a Source and everything that it alone reads and writes.
//
// It waits for whatever comes first: the next attempt, the end of the one under way, the expiry of the token, a
// caller in want of a token, a rejection, Close. At most one attempt is under way, and those that were abandoned.
type renewer struct {
	s        *Source
	cred     azcore.TokenCredential
	scope    string
	username string
	log      *slog.Logger
	results  chan result
	now      clock
	rnd      func() float64 // uniform in [0, 1)

	token    Token         // the newest there has been
	deadline instant       // its expiry
	valid    bool          // it has not expired
	rejected bool          // a server refused it
	changed  chan struct{} // see snapshot

	renewal   instant // when token is to be renewed, if nothing comes in between
	soonest   instant // of the first attempt after token came, whatever it is worth
	next      instant // of the next attempt
	urgent    instant // the same while a caller waits and no token is left; never after next
	running   *attempt
	abandoned int
	refresh   *refresh // nil while nothing is due

	failures int
	lastErr  *RefreshError
	outage   pace // of failures that pass by themselves
	refusal  pace // of those that somebody has to mend
	troubled slog.Level
	refused  bool // the log knows that a server refuses tokens

	useClaims     bool    // in the next attempt
	claimsTried   bool    // for the successor of token
	claimsRefused bool    // by this credential
	claimsIdle    bool    // they brought what was there already: somebody beyond this credential keeps a cache
	claimsForget  instant // when these two are no longer believed

	forced       bool // the next attempt is due to Reject
	forcedCount  int  // since a token last lived to its renewal
	forcedNotYet instant
}

func newRenewer(s *Source, cred azcore.TokenCredential, o Options) *renewer {
	return &renewer{
		s:        s,
		cred:     cred,
		scope:    o.Scope,
		username: o.Username,
		log:      o.Logger,
		results:  make(chan result),
		now:      s.now,
		rnd:      rand.Float64,
		changed:  make(chan struct{}),
		next:     s.now(),
		outage:   outagePace(1),
		refusal:  refusalPace(1),
	}
}

// run is the goroutine. A deferred shutdown, so that callers are told even if a credential or an observer ends
// the goroutine under us.
func (r *renewer) run(ctx context.Context) {
	defer close(r.s.done)
	defer r.shutdown()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		now := r.now()
		r.withdrawExpired(now)
		r.abandonOverdue(now)
		if r.mayStart() && now.reached(r.attemptAt()) {
			r.start(ctx, now)
		}
		timer.Reset(r.sleep(r.now()))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-r.s.wake: // attemptAt looks at who waits
		case t := <-r.s.rejects:
			r.reject(t, r.now())
		case res := <-r.results:
			r.settle(res, r.now())
		}
	}
}

// sleep returns how long there is nothing to do, as far as is known now.
func (r *renewer) sleep(now instant) time.Duration {
	var ends []instant
	if r.valid {
		ends = append(ends, r.deadline)
	}
	switch {
	case r.running != nil:
		ends = append(ends, r.running.overdue)
	case r.mayStart():
		ends = append(ends, r.attemptAt())
	}
	return now.nap(r.scale(), ends...)
}

func (r *renewer) mayStart() bool { return r.running == nil && r.abandoned < maxAbandoned }

// attemptAt returns when the next attempt is due.
func (r *renewer) attemptAt() instant {
	if !r.valid && r.failures > 0 && r.s.waiters.Load() > 0 {
		return r.urgent
	}
	return r.next
}

// renewBy returns when every connection should have the successor of the token.
func (r *renewer) renewBy() instant { return r.deadline.add(-guard(r.token.Lifetime())) }

// expiry returns when the token expires, as the wall clock will show it if nobody sets it again.
func (r *renewer) expiry(now instant) time.Time { return now.wall.Add(now.until(r.deadline)) }

// logContext returns the context of the refresh under way, for log handlers that look for a trace in it.
func (r *renewer) logContext() context.Context {
	if r.refresh != nil {
		return r.refresh.ctx
	}
	return context.Background()
}

// pace is that of the waits between requests.
func (r *renewer) pace() scale {
	if r.token.IsZero() {
		return 1
	}
	return r.token.v.pace
}

// scale is that of the newest token, also beyond its expiry: its successor will be alike.
func (r *renewer) scale() scale { return scaleOf(r.token.Lifetime()) }

// withdrawExpired takes the token from the readers once it has expired. That is what spares them the clock.
func (r *renewer) withdrawExpired(now instant) {
	if !r.valid || !now.reached(r.deadline) {
		return
	}
	r.valid = false
	r.useClaims = false // no cache serves it now
	if r.failures == 0 {
		r.next = now.add(max(0, now.until(r.soonest))) // whatever was planned by a clock that somebody has set since
	}
	r.publish()
	if r.failures > 0 || r.troubled > untroubled {
		r.trouble("the token has expired and there is no new one: connections end, and logins wait until there is")
	}
}

// start begins an attempt, and a refresh if none is open.
func (r *renewer) start(ctx context.Context, now instant) {
	r.beginRefresh(ctx, now)
	if r.forced {
		r.forced = false
		r.forcedNotYet = now.add(forcedDistance(r.scale(), r.forcedCount))
		r.forcedCount++
	}
	a, attemptCtx := r.beginAttempt(r.useClaims, now)
	r.running = a
	go a.ask(attemptCtx, r.cred, r.scope, r.deliver)
}

// deliver hands a result to the renewer, for as long as there is one.
func (r *renewer) deliver(res result) {
	select {
	case r.results <- res:
	case <-r.s.done:
	}
}

// abandonOverdue stops waiting for an attempt that ignores its deadline.
func (r *renewer) abandonOverdue(now instant) {
	if r.running == nil || !now.reached(r.running.overdue) {
		return
	}
	res := result{attempt: r.running, err: errStuck}
	r.abandon()
	r.failed(res, now)
}

func (r *renewer) abandon() {
	r.running = nil
	r.abandoned++
}

// reject notes that a server refused the current token, and brings the next attempt forward.
func (r *renewer) reject(t Token, now instant) {
	if t != r.token || !r.valid {
		return
	}
	r.rejected = true
	r.claimsTried, r.claimsIdle = false, false
	// If one runs or has failed, an attempt is as near as it may be.
	if wait := max(0, now.until(r.forcedNotYet)); r.running == nil && r.failures == 0 && wait < now.until(r.next) {
		r.next = now.add(wait)
		r.forced = true
	}
	r.publish()
	r.refusedTrouble("a Redis server refused the token; asking for another one, check that the identity has an access policy assignment on that cache")
}

// publish shows the readers how things are.
func (r *renewer) publish() {
	snap := &snapshot{
		changed:  r.changed,
		deadline: r.deadline,
		renewBy:  r.renewBy(),
		status: Status{
			Valid:       r.valid,
			ExpiresOn:   r.token.ExpiresOn(),
			Rejected:    r.valid && r.rejected,
			NextAttempt: r.next.wall,
			Failures:    r.failures,
		},
	}
	if r.valid {
		snap.token = r.token
	}
	if r.lastErr != nil { // a nil *RefreshError must not become an error that is not nil
		snap.status.Err = r.lastErr
	}
	r.s.current.Store(snap)
}

// shutdown tells everybody that there will be no more tokens.
func (r *renewer) shutdown() {
	last := *r.s.current.Load()
	last.token = Token{}
	last.status.Valid, last.status.Closed, last.status.NextAttempt = false, true, time.Time{}
	r.s.current.Store(&last)
	close(r.changed)
	if r.running != nil {
		r.running.cancel()
		r.awaitRunning()
		r.endAttempt(r.running, r.now(), false, ErrClosed)
	}
	r.endRefresh(r.now(), RefreshDoneInfo{Err: ErrClosed})
}

// awaitRunning gives a cancelled attempt the time to return.
func (r *renewer) awaitRunning() {
	grace := time.NewTimer(attemptGrace)
	defer grace.Stop()
	for {
		select {
		case res := <-r.results:
			if res.attempt == r.running {
				return
			}
		case <-grace.C:
			return
		}
	}
}
