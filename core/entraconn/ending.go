package entraconn

import (
	"net"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/deadline"
	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// An ending says why a connection has ended, and what calls return from then on. Conn.mu guards it.
// Nil is that of a connection which has not ended.
type ending struct {
	endedAt     time.Time
	closeReason entra.CloseReason // of what ended it first
	unrenewable session.Reason
	err         error // of what ended it first
	connErr     error // if not nil, Read and Write return it from now on
	cutErr      error // if not nil, Write returns it from now on: a write was cut short
	closed      bool  // the client has called Close
	isReported  bool  // reportEnd has run
}

// newEnding returns the ending of a connection that ends now. cred is the credential that it was
// logged in with, nil if it was not.
func newEnding(why entra.CloseReason, err error, cred *rotation.Credential) *ending {
	now := time.Now()
	if why == entra.CloseByServer && cred != nil && !now.Before(cred.Token().ExpiresOn()) {
		why = entra.CloseExpired
	}
	return &ending{endedAt: now, closeReason: why, err: err}
}

// isClosed reports whether the client has called Close.
func (e *ending) isClosed() bool { return e != nil && e.closed }

// readErr returns why nothing more can be read, nil if it can.
func (e *ending) readErr() error {
	if e == nil {
		return nil
	}
	return e.connErr
}

// writeErr returns why nothing more can be written, nil if it can.
func (e *ending) writeErr() error {
	switch {
	case e == nil:
		return nil
	case e.closed:
		return net.ErrClosed
	case e.connErr != nil:
		return e.connErr
	}
	return e.cutErr
}

// errUnanswered is the error of a connection whose server has not answered an AUTH.
var errUnanswered = &deadline.TimeoutError{Message: "entraconn: the server did not answer AUTH; check that it is up, retrying helps"}
