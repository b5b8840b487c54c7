package entra

import (
	"context"
	"log/slog"
	"regexp"
	"strings"
	"time"
)

// DefaultScope is the scope of the tokens that Azure Cache for Redis and Azure Managed Redis
// accept, in every Azure cloud.
const DefaultScope = "https://redis.azure.com/.default"

// Options configure a [Source]. The zero value, or nil, suffices if the tokens carry an oid claim.
type Options struct {
	// Scope to ask tokens for; empty means DefaultScope. The same scope under its application id is
	// "acca5fbb-b7e4-4009-81f1-37e38fd66d78/.default", for when a tenant does not know the name.
	Scope string

	// Username is the Redis user to log in as; empty means the oid claim of the token, which is the
	// object id of the user, service principal or managed identity. Set it where tokens carry none.
	Username string

	// AttemptTimeout bounds one call to the credential: its context ends then, the attempt has failed,
	// and another one follows. 0 means 30 seconds, and less for tokens that live less than 5 minutes.
	// Negative means no bound: the call keeps its context until it returns or Close is called, and no
	// other is made meanwhile. That is for a credential that asks a person, with a browser or a device
	// code, who would get one prompt after the other. For the same reason refusals by servers have one
	// token replaced early then, and no other until a token has lived to its regular renewal. A positive
	// one should leave the credential the time to answer, and be shorter than the tokens' lives.
	AttemptTimeout time.Duration

	// TokenWait bounds how long a dial, or the first write of a connection, waits while no token is
	// valid. Then its client gets the *RefreshError. 0 means 5 seconds, and a second once it is known
	// why there is none: a request has failed, or has had no answer for 3 seconds. A positive one goes
	// on through all that is transient; a failure that needs an operator still ends it. Negative means
	// no wait. Callers that try again without a pause do so as often as a short one allows.
	//
	// A dial waits for half of the time that its context has left at most. go-redis gives it DialTimeout
	// and rueidis Dialer.Timeout, by default 5 seconds both: a longer TokenWait needs more of these. A
	// call of Source.Token by the program waits as long as its context.
	TokenWait time.Duration

	// Observer learns what the Source and all its connections do; nil means no observer. The Source
	// copies it: a later change has no effect. Several are joined with JoinObservers.
	Observer *Observer

	// Logger gets one line when tokens begin to fail or the credential is silent for 3 seconds while
	// no token is valid (Warn), one when no token is valid any more (Error), and one when a new token
	// has come (Info). For each server and token it gets one line if the server refuses the token
	// (Warn), and one when that server accepts AUTH again (Info). It also gets a Warn when the
	// credential changes its identity, one from NewSource for a Scope that does not end in "/.default"
	// and for a Username that is no object id, one for each client whose program logs in by itself as
	// another user or whose user may not send HELLO, and each failed attempt at Debug; nil means no
	// logger. No line holds a secret, a claim but the object id, or a response body. The Source calls
	// the handler in a goroutine of its own, as it does with an Observer: a handler that blocks or
	// panics holds up nothing else.
	Logger *slog.Logger
}

// warn logs what is probably a mistake, and may be meant.
func (o *Options) warn() {
	if !strings.HasSuffix(o.Scope, "/.default") {
		o.Logger.LogAttrs(context.Background(), slog.LevelWarn,
			"entra: the scope does not end in /.default, check Options.Scope", slog.String("scope", o.Scope))
	}
	if o.Username != "" && !objectID.MatchString(o.Username) {
		o.Logger.LogAttrs(context.Background(), slog.LevelWarn,
			"entra: the user name is no GUID, as object ids are, check Options.Username", slog.String("user", o.Username))
	}
}

var objectID = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
