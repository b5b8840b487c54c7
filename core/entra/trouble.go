package entra

import (
	"log/slog"
)

// What the log is told: one line when trouble begins, one when it becomes worse, one when it is over. Single attempts
// are for those who log at LevelDebug.

// trouble logs that something is wrong, unless that is known. Without a valid token it is an error, and nothing worse
// can come.
func (r *renewer) trouble(what string, attrs ...slog.Attr) {
	level := slog.LevelWarn
	if !r.valid {
		level = slog.LevelError
	}
	if level <= r.troubled {
		return
	}
	r.troubled = level
	if r.valid {
		attrs = append(attrs, slog.Time("current_expires_on", r.token.ExpiresOn()))
	}
	r.log.LogAttrs(r.logContext(), level, "entra: "+what, attrs...)
}

// troubleOver logs that all is well again, if it was not.
func (r *renewer) troubleOver(scheduled bool) {
	if r.troubled > untroubled || scheduled && r.refused {
		r.log.LogAttrs(r.logContext(), slog.LevelInfo, "entra: there is a new token again",
			slog.Int("failures", r.failures), slog.Time("expires_on", r.token.ExpiresOn()))
	}
	r.troubled = untroubled
	r.refused = r.refused && !scheduled // a server may refuse the new one like the one before
}

// refusedTrouble logs that a server refuses tokens, once until one has lived to its renewal. It is apart from the
// trouble of renewals, so that neither hides the other.
func (r *renewer) refusedTrouble(what string) {
	if r.refused {
		return
	}
	r.refused = true
	r.log.LogAttrs(r.logContext(), slog.LevelWarn, "entra: "+what, slog.Time("current_expires_on", r.token.ExpiresOn()))
}

// untroubled is below every level that trouble is logged at.
const untroubled = slog.LevelInfo

// attrs describe the failure to a log.
func (e *RefreshError) attrs() []slog.Attr {
	attrs := []slog.Attr{
		slog.String("kind", string(e.Kind)), slog.Int("attempt", e.Attempt), slog.Time("retry_at", e.RetryAt),
	}
	if e.Status != 0 {
		attrs = append(attrs, slog.Int("status", e.Status), slog.String("host", e.Host))
	}
	if e.Code != "" {
		attrs = append(attrs, slog.String("code", e.Code))
	}
	return attrs
}
