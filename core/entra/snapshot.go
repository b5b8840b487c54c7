package entra

import (
	"github.com/entraredis/entraredis/core/entra/internal/clock"
	"github.com/entraredis/entraredis/core/entra/internal/schedule"
)

// A snapshot is what readers see of the renewer. It is immutable, except that changed gets closed.
type snapshot struct {
	token   Token         // zero unless valid
	changed chan struct{} // closed when there is a newer token, and by Close
	outlook schedule.Outlook
	status  Status // without Health and Reason
}

// statusAt returns the Status at now, with what has passed since the snapshot was made. refused is
// whether a server refuses the newest token.
func (s *snapshot) statusAt(now clock.Instant, refused bool) Status {
	st := s.status
	st.Valid = st.Valid && s.outlook.Valid(now)
	st.Rejected = st.Valid && (st.Rejected || refused)
	st.Health = st.health(s.outlook.Overdue(now))
	st.Reason = st.reason()
	return st
}
