package deadline

import (
	"errors"
	"net"
	"os"
)

// A TimeoutError is the [net.Error] of a connection that has waited for its peer for too long.
type TimeoutError struct {
	Message string
}

func (e *TimeoutError) Error() string   { return e.Message }
func (e *TimeoutError) Timeout() bool   { return true }
func (e *TimeoutError) Temporary() bool { return true }

// IsTimeout reports whether err says that something took too long.
func IsTimeout(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}
