package entraconn

import (
	"math/rand/v2"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// An environment is the session.Environment of a connection.
type environment struct{ conn *Conn }

// LongestBlock implements [session.Environment]. It goes by the token that the server knows the
// connection by. The server may refuse an AUTH in flight, unless it has accepted the token of that
// on another connection. It needs Conn.wmu and Conn.mu.
func (o environment) LongestBlock(auth session.Auth) (now time.Time, most time.Duration) {
	inFlight, _ := auth.(*sentAuth)
	cred := o.conn.accepted.Load()
	switch {
	case inFlight != nil && (inFlight.isProven || cred == nil):
		cred = inFlight.cred
	case cred == nil:
		cred = o.conn.writtenCred
	}
	now = time.Now()
	return now, rotation.SliceLength(cred.Token(), now, rand.Float64())
}

// IsOurUser implements [session.Environment]. It needs Conn.mu.
func (o environment) IsOurUser(user string, auth session.Auth) bool {
	cred := o.conn.writtenCred
	if inFlight, ok := auth.(*sentAuth); ok {
		cred = inFlight.cred
	}
	return cred != nil && cred.Token().Username() == user
}

// Now implements [session.Environment].
func (o environment) Now() time.Time { return time.Now() }

// MayAskStreamEnd implements [session.Environment].
func (o environment) MayAskStreamEnd() bool { return o.conn.server.mayAskStreamEnd() }
