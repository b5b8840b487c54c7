package entra

import (
	"context"
	"log/slog"
)

// noTrouble is below every level of trouble.
const noTrouble = slog.LevelInfo

// A troubleLog writes one line when trouble begins, one when it becomes worse, and one when it
// ends. Single failures are only logged at debug level, and not here.
type troubleLog struct {
	log           *slog.Logger
	level         slog.Level // of the worst line since all was well
	refusalLogged bool       // see reportRefusal
}

// isOpen reports whether trouble has begun and not ended.
func (l *troubleLog) isOpen() bool { return l.level > noTrouble }

// report logs trouble unless the log has it already. It is an error if no token is valid, and
// cannot become worse then.
func (l *troubleLog) report(ctx context.Context, valid Token, what string, attrs ...slog.Attr) {
	level := slog.LevelWarn
	if valid.IsZero() {
		level = slog.LevelError
	}
	if level <= l.level {
		return
	}
	l.level = level
	if !valid.IsZero() {
		attrs = append(attrs, slog.Time("current_expires_on", valid.ExpiresOn()))
	}
	l.log.LogAttrs(ctx, level, "entra: "+what, attrs...)
}

// reportRefusal logs that a server refuses tokens, once until a token has lived to its renewal. It
// is independent of the trouble of renewals, so that neither hides the other.
func (l *troubleLog) reportRefusal(ctx context.Context, valid Token, what string) {
	if l.refusalLogged {
		return
	}
	l.refusalLogged = true
	l.log.LogAttrs(ctx, slog.LevelWarn, "entra: "+what, slog.Time("current_expires_on", valid.ExpiresOn()))
}

// recovered logs the end of trouble, if there was any. With regular, the token before lived to its
// renewal. Otherwise a server may refuse the new token as well.
func (l *troubleLog) recovered(ctx context.Context, token Token, regular bool, failures int) {
	if l.isOpen() || regular && l.refusalLogged {
		l.log.LogAttrs(ctx, slog.LevelInfo, "entra: there is a new token again",
			slog.Int("failures", failures), slog.Time("expires_on", token.ExpiresOn()))
	}
	l.level = noTrouble
	l.refusalLogged = l.refusalLogged && !regular
}
