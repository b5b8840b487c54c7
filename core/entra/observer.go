package entra

import (
	"context"
	"net"
	"time"
)

// An Observer learns what a [Source] and its connections do. Every field is optional.
//
// The Source calls the functions of one Observer one after the other, in the order of the events
// and in a goroutine of its own. Its connections and the renewal of tokens do not wait for them:
// a function may block, panic, use the Redis client that it observes, or close the Source. The At
// of an event says when it happened. [Source.Close] waits until the functions have been called for
// all events so far.
//
// At most 4,096 events wait for an Observer that is too slow, besides the openings and closings of
// connections. Beyond that the oldest is dropped, counted in [Status].DroppedEvents, and the log gets
// one line. The opening of a connection is never dropped without its closing: if more than 4,096 of
// these events wait, a connection that closes before its opening was delivered is dropped whole. The
// first panic is logged.
//
// A Start function returns the context that its Done function gets; nil stands for the context that
// it got. The credential gets the values of the contexts that RefreshStart and AttemptStart return
// within 10 ms. An Observer that takes longer is not waited for until it has caught up.
//
// The structs may grow new fields.
type Observer struct {
	// RefreshStart is called when the Source begins to ask for a token, and RefreshDone when it has a
	// new one or was closed.
	RefreshStart func(context.Context, RefreshStartInfo) context.Context
	RefreshDone  func(context.Context, RefreshDoneInfo)

	// AttemptStart is called before each call to the credential, with the context of the refresh
	// that it is part of. The credential gets the values of the context that it returns in time.
	AttemptStart func(context.Context, AttemptStartInfo) context.Context
	// AttemptDone is called when the call has returned, or when the Source waits for it no longer.
	AttemptDone func(context.Context, AttemptDoneInfo)

	// ConnOpened is called when a connection to Redis is open, before its login. The login's
	// AuthStart gets the values of the context that it returns, so that a trace leads from the
	// login to the caller that dialed.
	ConnOpened func(context.Context, ConnOpenedInfo) context.Context
	// ConnClosed is called when the client closes the connection, or when a rotation finds that the
	// server has. Its context has no values. ConnInfo.ID says which connection it is.
	ConnClosed func(context.Context, ConnClosedInfo)

	// AuthStart is called before an AUTH is written, and AuthDone when the server has answered it or
	// never will.
	AuthStart func(context.Context, AuthStartInfo) context.Context
	AuthDone  func(context.Context, AuthDoneInfo)

	// RotationStart is called when a newer token is to reach the open connections to one server, and
	// RotationDone when each of them has it, refused it or is gone.
	RotationStart func(context.Context, RotationStartInfo) context.Context
	RotationDone  func(context.Context, RotationDoneInfo)

	// Reconnected is called when a connection logged in after one to the same server was lost.
	Reconnected func(context.Context, ReconnectedInfo)

	parts []*Observer // that JoinObservers has joined
}

// RefreshTrigger says why the Source asks for a token.
type RefreshTrigger string

// The triggers of a refresh.
const (
	TriggerInitial   RefreshTrigger = "initial"   // no token is valid
	TriggerScheduled RefreshTrigger = "scheduled" // the renewal point of the current token has come
	TriggerForced    RefreshTrigger = "forced"    // the server refused the current token
)

// RefreshStartInfo describes a refresh that begins. One refresh spans all the attempts until there
// is a new token.
type RefreshStartInfo struct {
	At      time.Time // when it happened
	Trigger RefreshTrigger
}

// RefreshDoneInfo describes a refresh that ended: with a new token, or because the Source was
// closed.
type RefreshDoneInfo struct {
	At        time.Time // when it happened
	Trigger   RefreshTrigger
	Attempts  int           // requests to the credential, the last one included
	Duration  time.Duration // from the first attempt to the end
	Remaining time.Duration // from the end to the old token's expiry; negative if it had expired, 0 if there was none
	ExpiresOn time.Time     // of the new token
	Token     TokenTimes    // of the new token
	// NextAttempt is when the credential is to be asked for the one after that.
	NextAttempt time.Time
	Err         error // nil if there is a new token
}

// AttemptStartInfo describes a call to the credential that is about to be made.
type AttemptStartInfo struct {
	At      time.Time // when it happened
	Attempt int       // within its refresh, from 1
	Claims  bool      // it asks past the credential's cache
}

// AttemptDoneInfo describes a call to the credential that has returned, or that the Source does not
// wait for any longer.
type AttemptDoneInfo struct {
	At        time.Time // when it happened
	Attempt   int
	Claims    bool
	Duration  time.Duration
	Unchanged bool // it brought the current token, or one that lives no longer
	// Err is nil without a failure, a *RefreshError after one, ErrClosed if Close ended the
	// attempt, and context.Canceled if an abandoned attempt brought a token meanwhile.
	Err error
}

// TokenTimes are the moments of a token's life, for an observer. They are zero if there is no
// token.
type TokenTimes struct {
	IssuedAt  time.Time // by Entra
	RenewBy   time.Time // see [Token.RenewBy]
	ExpiresOn time.Time
}

// ConnInfo names a connection.
type ConnInfo struct {
	Library    string   // the client library: "go-redis", "rueidis", "redigo", or what entraconn.Options says
	Pool       string   // what the user calls this client, may be empty
	ID         uint64   // among the connections of this client, from 1
	ServerAddr string   // as it was dialed, host:port
	PoolAddr   string   // the ServerAddr that this client dialed first: of a cluster, its name rather than a node; of a shard of a Ring, its own
	RemoteAddr net.Addr // that the dial reached
}

// ConnOpenedInfo describes a new connection.
type ConnOpenedInfo struct {
	At   time.Time // when it happened
	Conn ConnInfo
}

// CloseReason says why a connection ended.
type CloseReason string

// The reasons for which a connection ends.
const (
	CloseByClient     CloseReason = "client_closed"      // the client library closed it
	CloseByServer     CloseReason = "server_closed"      // the server or the network closed it
	CloseAuthRejected CloseReason = "auth_rejected"      // the server refused the login
	CloseAuthTimeout  CloseReason = "auth_timeout"       // an AUTH was never answered
	CloseExpired      CloseReason = "token_expired"      // its token expired, and could not be renewed on it
	CloseUnsupported  CloseReason = "unsupported_reauth" // it was retired before that, because AUTH was impossible
	CloseProtocol     CloseReason = "protocol"           // its stream was unreadable while an AUTH was in flight
)

// ConnClosedInfo describes the end of a connection.
type ConnClosedInfo struct {
	At             time.Time // when it happened
	Conn           ConnInfo
	Reason         CloseReason
	Age            time.Duration
	TokenExpiresOn time.Time // of the token it last authenticated with
	// Unrenewable names what AUTH was impossible for, for example "MONITOR" or "blocking command".
	// It is empty for ordinary connections.
	Unrenewable string
	Err         error // that Read or Write got, nil if the client closed it
}

// AuthPhase says what an AUTH is for.
type AuthPhase string

// The phases of authentication.
const (
	AuthInitial  AuthPhase = "initial"  // the login of a new connection
	AuthRotation AuthPhase = "rotation" // a newer token for an open one
	AuthRetry    AuthPhase = "retry"    // the same again, after the server had refused it
)

// AuthStartInfo describes an AUTH that is about to be written.
type AuthStartInfo struct {
	At    time.Time // when it happened
	Conn  ConnInfo
	Phase AuthPhase
	User  string     // the user name that it carries
	Token TokenTimes // of the token it carries
}

// AuthDoneInfo describes an AUTH that the server has answered, or never will.
type AuthDoneInfo struct {
	At       time.Time // when it happened
	Conn     ConnInfo
	Phase    AuthPhase
	User     string        // the user name that it carried
	Token    TokenTimes    // of the token it carried
	Duration time.Duration // from the write to the answer
	Err      error         // nil if the server accepted it; else an *AuthError or what ended the connection
	// Refused is whether the server refuses the login, in whatever words. Without it, an *AuthError
	// is Temporary: the server serves no client at the moment, because it is full or loading.
	Refused bool
	// TokenRefused is whether it refuses the token itself, so that another one may help. Without it,
	// the server refuses for a reason that is not about the token: it has no AUTH command, for
	// example.
	TokenRefused bool
}

// RotationStartInfo describes how a client's open connections to a server will get a newer token.
type RotationStartInfo struct {
	At          time.Time // when it happened
	Library     string
	Pool        string
	ServerAddr  string        // as it was dialed; each server has rotations of its own
	PoolAddr    string        // see ConnInfo.PoolAddr
	Connections int           // open now
	Window      time.Duration // over which their AUTHs are spread
	ExpiresOn   time.Time     // of the newer token
}

// RotationDoneInfo describes a rotation that is complete for every connection.
type RotationDoneInfo struct {
	At         time.Time // when it happened
	Library    string
	Pool       string
	ServerAddr string
	PoolAddr   string
	Duration   time.Duration
	Renewed    int // have the newer token
	Refused    int // the server refused it; they keep the older one
	Left       int // could not be renewed, see ConnClosedInfo.Unrenewable
	Closed     int // ended in the meantime
}

// ReconnectedInfo describes a new connection to a server that a client had lost a connection to. Each
// connection that was lost is made up for by one login, however much later: the oldest loss of the last
// 5 minutes first.
type ReconnectedInfo struct {
	At     time.Time // when it happened
	Conn   ConnInfo
	Reason CloseReason   // of the connection that was lost
	After  time.Duration // from the loss to this login
}
