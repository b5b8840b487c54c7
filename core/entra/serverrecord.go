package entra

import (
	"time"

	"github.com/entraredis/entraredis/core/internal/authanswer"
)

const (
	// listedFor is how long a server stays in Status without a connection.
	listedFor = 10 * time.Minute
	// rememberedFor is how long the register remembers a server without a connection. A program that
	// dials a refusing server once an hour must not get three new tokens each time.
	rememberedFor = 24 * time.Hour
	// wavererMemory is how long the refusals of a server that wavers count after the last one.
	wavererMemory = time.Minute
	// A server that refuses now and then would fill the log with ends. So each relapse within relapseMemory after an
	// end doubles the time without a refusal that the next end takes, up to half an hour.
	relapseMemory = 2 * time.Hour
	mostRelapses  = 5
	// mostForced is how many tokens in a row are replaced early because of one server. If it refuses
	// three, it refuses the identity.
	mostForced = 3
)

// A serverRecord is what the Source knows of one server address. The clients of the Source share it,
// and several servers may share the address.
type serverRecord struct {
	connections int           // open now
	accepted    acceptedConns // of these, those that are logged in
	seen        time.Time     // when a connection was opened or closed, or an AUTH ended

	user       string // see ServerStatus
	answer     string
	answeredAt time.Time

	acceptedToken TokenTimes // the newest that the server has accepted
	refusedToken  TokenTimes // that it refused last
	refusal       *AuthError // the last one
	refusedAt     time.Time
	refusals      authanswer.Row // since it accepted an AUTH
	// wavers is whether the server refused AUTHs shortly before and after it accepted one, or
	// accepts an older token than the one that it refuses.
	wavers bool

	// How many tokens were to be replaced because this server refused them, since it accepted one,
	// and the number of the last. Tokens that were issued in one moment have the same TokenTimes.
	forced       int
	forcedNumber uint64

	loggedToken TokenTimes  // the newest whose refusal is in the log
	isLogged    bool        // the log has the refusal, and not its end
	recoveredAt time.Time   // when the log got the last end
	relapses    int         // refusals in a row that were logged shortly after an end
	recovery    *time.Timer // nil unless the server has accepted a token since, and a refusal may follow
}

// isListed reports whether Status shows the server.
func (r *serverRecord) isListed(now time.Time) bool {
	return r.connections > 0 || now.Sub(r.seen) < listedFor
}

// open notes that a connection was opened.
func (r *serverRecord) open() {
	if r.connections == 0 {
		r.accepted = acceptedConns{} // an acceptance may have been reported after the end of its connection
	}
	r.connections++
}

// acceptedUntil returns for how long the server serves an open connection, zero if it serves none.
func (r *serverRecord) acceptedUntil(now time.Time) time.Time {
	if r.connections == 0 {
		return time.Time{}
	}
	return r.accepted.until(now)
}

// noteAnswer notes what the server has answered.
func (r *serverRecord) noteAnswer(user, answer string, now time.Time) {
	r.user, r.answer, r.answeredAt = user, answer, now.Round(0).UTC()
}

// accept notes that the server has accepted a token, at a login or on a connection that is logged in.
func (r *serverRecord) accept(token TokenTimes, isLogin bool, now time.Time) {
	r.accepted.accept(token.ExpiresOn, isLogin, now)
	r.refusals = authanswer.Row{}
	if !isOlder(token, r.acceptedToken) {
		r.acceptedToken = token
	}
	if isOlder(r.acceptedToken, r.refusedToken) {
		r.wavers = true
		return
	}
	r.forced, r.forcedNumber = 0, 0
}

// refuse notes that the server has refused a token.
func (r *serverRecord) refuse(token TokenTimes, refusal *AuthError, now time.Time) {
	if r.refusals.IsEmpty() {
		r.wavers = !r.refusedAt.IsZero() && now.Sub(r.refusedAt) < wavererMemory
	}
	r.refusals.Add(now)
	r.refusedToken, r.refusal, r.refusedAt = token, refusal, now
	if r.refusals.IsConclusive() { // which outweighs what the server accepted before
		r.wavers = false
	}
}

// refusesOtherToken reports whether the token that was refused last is neither the one that the server
// has accepted nor older: a login that was under way when the newer one was accepted may come too
// late for its own.
func (r *serverRecord) refusesOtherToken() bool {
	return r.refusedToken != r.acceptedToken && !isOlder(r.refusedToken, r.acceptedToken)
}

// state returns the state of the server. As long as no AUTH is answered it does not become worse.
func (r *serverRecord) state(now time.Time) ServerState {
	switch {
	case r.refusals.IsConclusive() || !r.refusals.IsEmpty() && !r.wavers && r.refusesOtherToken():
		return ServerRefuses
	case !r.refusals.IsEmpty() || r.wavers && now.Sub(r.refusedAt) < wavererMemory:
		return ServerMixed
	case r.acceptedToken == TokenTimes{}:
		return ServerUnknown
	}
	return ServerAccepts
}

// beginsTrouble reports whether the log is to get a line for the refusal of a token, and notes that
// it does. There is one for each token, and one for the first refusal after the end of the trouble
// was logged.
func (r *serverRecord) beginsTrouble(token TokenTimes, now time.Time) bool {
	if isOlder(token, r.loggedToken) || r.isLogged && token == r.loggedToken {
		return false
	}
	switch {
	case r.isLogged:
	case !r.recoveredAt.IsZero() && now.Sub(r.recoveredAt) < relapseMemory:
		r.relapses = min(r.relapses+1, mostRelapses)
	default:
		r.relapses = 0
	}
	r.loggedToken, r.isLogged = token, true
	return true
}

// isRecovering reports whether the log has a refusal that the last answer contradicts: the server
// has accepted the refused token since, or a newer one.
func (r *serverRecord) isRecovering() bool {
	return r.isLogged && r.refusals.IsEmpty() && !isOlder(r.acceptedToken, r.refusedToken)
}

// untilRecovered returns how long it takes until a recovery counts: a minute without a refusal, longer after
// relapses. Several servers behind one address may not agree, and the first that accepts is not the end of
// the trouble.
func (r *serverRecord) untilRecovered(now time.Time) time.Duration {
	return max(0, r.refusedAt.Add(wavererMemory<<r.relapses).Sub(now))
}

// mayForce reports whether the refusal of the token with that number by this server may have it
// replaced early, and counts the token.
func (r *serverRecord) mayForce(number uint64) bool {
	if number != r.forcedNumber && r.forced <= mostForced {
		r.forcedNumber = number
		r.forced++
	}
	return r.forced <= mostForced
}

// status returns what Status shows.
func (r *serverRecord) status(addr string, now time.Time) ServerStatus {
	return ServerStatus{
		Addr: addr, State: r.state(now), Connections: r.connections,
		User: r.user, Answer: r.answer, AnsweredAt: r.answeredAt, AcceptedUntil: r.acceptedUntil(now),
	}
}

// isOlder reports whether a token was issued before another one. Its expiry would not tell: Entra
// issues tokens for 60 to 90 minutes.
func isOlder(token, than TokenTimes) bool { return token.IssuedAt.Before(than.IssuedAt) }
