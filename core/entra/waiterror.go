package entra

import (
	"fmt"
	"time"
)

// A waitError says why a caller got no token, and for how long it has waited.
type waitError struct {
	reason *RefreshError
	ended  error // of the caller's context, nil if that has not ended
	waited time.Duration
}

func (e *waitError) Error() string {
	how := "gave up"
	if e.ended != nil {
		how = e.ended.Error()
	}
	return fmt.Sprintf("%v; %s after waiting %v for a token", e.reason, how, e.waited.Round(time.Millisecond))
}

// Unwrap gives errors.Is and errors.As both. It is the form for several errors, see
// [RefreshError.Unwrap].
func (e *waitError) Unwrap() []error {
	if e.ended == nil {
		return []error{e.reason}
	}
	return []error{e.reason, e.ended}
}
