package entraconn

import (
	"errors"
	"net"
	"os"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// An ending says how a connection ends, and what calls return from then on. Conn.mu guards it.
type ending struct {
	closed     bool   // the client has called Close
	isReported bool   // reportEnd has run
	cause      *cause // what ended the connection first, nil while nothing has
}

// A cause is why a connection has ended, as reportEnd reports it.
type cause struct {
	endedAt     time.Time
	closeReason entra.CloseReason
	unrenewable session.Reason
	err         error
	connErr     error // if not nil, Read and Write return it from now on
	cutErr      error // if not nil, Write returns it from now on: a write was cut short
	lastWords   bool  // the server has said why, and the client has yet to read it
}

// begun reports whether something has ended the connection.
func (e *ending) begun() bool { return e.cause != nil }

// record remembers what ended the connection. cred is the credential that it was logged in with,
// nil if it was not.
func (e *ending) record(why entra.CloseReason, err error, cred *rotation.Credential) {
	now := time.Now()
	if why == entra.CloseByServer && cred != nil && !now.Before(cred.Token().ExpiresOn()) {
		why = entra.CloseExpired
	}
	e.cause = &cause{endedAt: now, closeReason: why, err: err}
}

// readErr returns why nothing more can be read, nil if it can.
func (e *ending) readErr() error {
	if e.cause == nil {
		return nil
	}
	return e.cause.connErr
}

// writeErr returns why nothing more can be written, nil if it can.
func (e *ending) writeErr() error {
	switch {
	case e.closed:
		return net.ErrClosed
	case e.cause == nil:
		return nil
	case e.cause.connErr != nil:
		return e.cause.connErr
	}
	return e.cause.cutErr
}

// hasLastWords reports whether the client has yet to read why the server has ended the connection.
func (e *ending) hasLastWords() bool { return e.cause != nil && e.cause.lastWords && !e.closed }

// errUnanswered is the error of a connection whose server has not answered an AUTH.
var errUnanswered = &timeoutError{"entraconn: the server did not answer AUTH"}

type timeoutError struct{ msg string }

func (e *timeoutError) Error() string   { return e.msg }
func (e *timeoutError) Timeout() bool   { return true }
func (e *timeoutError) Temporary() bool { return true }

func isTimeout(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	ne, ok := errors.AsType[net.Error](err)
	return ok && ne.Timeout()
}
