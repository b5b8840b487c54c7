package entra

import (
	"github.com/entraredis/entraredis/core/entra/internal/clock"
	"github.com/entraredis/entraredis/core/entra/internal/schedule"
)

// A snapshot is what readers see of the renewer. It is immutable, except that its channels get closed.
type snapshot struct {
	token   Token         // zero unless valid
	number  uint64        // of the newest token, from 1
	changed chan struct{} // closed when there is a newer token, and by Close
	outlook schedule.Outlook
	status  Status // without Health and Reason

	reason      *RefreshError // why there is no token: the last failure, or a long silence; nil if nothing is known
	isTransient bool          // the reason is a transient failure: the next request may succeed
	reasonKnown chan struct{} // closed when there is a later reason
}

// whyNoToken returns the reason, or that the credential has not answered yet.
func (s *snapshot) whyNoToken() *RefreshError {
	if s.reason != nil {
		return s.reason
	}
	return noAnswerYet(s.status.Failures + 1)
}

// statusAt returns the Status at now, with what has passed since the snapshot was made. rejected is
// whether the program has rejected the newest token.
func (s *snapshot) statusAt(now clock.Instant, seen serverReport, rejected bool) Status {
	st := s.status
	st.Valid = st.Valid && s.outlook.Valid(now)
	st.Rejected = st.Valid && (rejected || seen.currentRefused)
	st.Servers = seen.servers
	isOverdue := s.outlook.Overdue(now)
	st.Health = st.health(isOverdue)
	st.Reason = st.reason(seen.refusal, isOverdue)
	return st
}
