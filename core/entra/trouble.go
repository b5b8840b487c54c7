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
	log   *slog.Logger
	level slog.Level // of the worst line since all was well
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

// reportSilence logs that the credential does not answer while no token is valid. That becomes an error
// when the attempt fails.
func (l *troubleLog) reportSilence(ctx context.Context, what string, attrs ...slog.Attr) {
	if l.isOpen() {
		return
	}
	l.level = slog.LevelWarn
	l.log.LogAttrs(ctx, slog.LevelWarn, "entra: "+what, attrs...)
}

// recovered logs the end of trouble, if there was any.
func (l *troubleLog) recovered(ctx context.Context, token Token, failures int) {
	if l.isOpen() {
		l.log.LogAttrs(ctx, slog.LevelInfo, "entra: there is a new token again",
			slog.Int("failures", failures), slog.Time("expires_on", token.ExpiresOn()))
	}
	l.level = noTrouble
}
