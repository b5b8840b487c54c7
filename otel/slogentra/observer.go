package slogentra

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// NewObserver returns an Observer that writes to logger, to [slog.Default] if that is nil. It has no state:
// several Sources may share it.
func NewObserver(logger *slog.Logger) *entra.Observer {
	if logger == nil {
		logger = slog.Default()
	}
	l := lines{logger.Handler()}
	return &entra.Observer{
		RefreshDone:   l.refreshDone,
		AttemptDone:   l.attemptDone,
		ConnOpened:    l.connOpened,
		ConnClosed:    l.connClosed,
		AuthDone:      l.authDone,
		RotationStart: l.rotationStart,
		RotationDone:  l.rotationDone,
		Reconnected:   l.reconnected,
	}
}

// lines writes a line for an event.
type lines struct{ handler slog.Handler }

// write writes a line of the time at. attrs is called only if the handler wants the line.
func (l lines) write(ctx context.Context, at time.Time, level slog.Level, message string, attrs func() []slog.Attr) {
	if !l.handler.Enabled(ctx, level) {
		return
	}
	record := slog.NewRecord(at, level, "entra: "+message, 0)
	record.AddAttrs(attrs()...)
	_ = l.handler.Handle(ctx, record) // a handler that fails has no other place to say so
}

func (l lines) refreshDone(ctx context.Context, info entra.RefreshDoneInfo) {
	if info.Err != nil {
		return // the Source was closed
	}
	l.write(ctx, info.At, slog.LevelInfo, "token renewed", func() []slog.Attr {
		return []slog.Attr{
			slog.String("trigger", string(info.Trigger)), slog.Int("attempts", info.Attempts), slog.Duration("took", info.Duration),
			slog.Duration("remaining", info.Remaining), slog.Time("expires_on", info.ExpiresOn), slog.Time("next_attempt", info.NextAttempt),
		}
	})
}

func (l lines) attemptDone(ctx context.Context, info entra.AttemptDoneInfo) {
	l.write(ctx, info.At, slog.LevelDebug, "credential asked", func() []slog.Attr {
		attrs := []slog.Attr{
			slog.Int("attempt", info.Attempt), slog.Bool("claims", info.Claims), slog.Duration("took", info.Duration),
			slog.Bool("unchanged", info.Unchanged),
		}
		var failed *entra.RefreshError
		isFailure := errors.As(info.Err, &failed)
		switch {
		case isFailure:
			attrs = append(attrs, slog.String("kind", string(failed.Kind)), slog.Int("status", failed.Status),
				slog.String("host", failed.Host), slog.String("code", failed.Code), slog.Time("retry_at", failed.RetryAt))
		case info.Err != nil:
			attrs = append(attrs, slog.Bool("canceled", true)) // by Close, or because a token came otherwise
		}
		return attrs
	})
}

func (l lines) connOpened(ctx context.Context, info entra.ConnOpenedInfo) context.Context {
	l.write(ctx, info.At, slog.LevelDebug, "connection opened", func() []slog.Attr { return ofConn(info.Conn) })
	return ctx
}

func (l lines) connClosed(ctx context.Context, info entra.ConnClosedInfo) {
	l.write(ctx, info.At, slog.LevelDebug, "connection closed", func() []slog.Attr {
		attrs := append(ofConn(info.Conn), slog.String("reason", string(info.Reason)), slog.Duration("age", info.Age),
			slog.Time("token_expires_on", info.TokenExpiresOn))
		if info.Unrenewable != "" {
			attrs = append(attrs, slog.String("unrenewable", info.Unrenewable))
		}
		return attrs
	})
}

func (l lines) authDone(ctx context.Context, info entra.AuthDoneInfo) {
	l.write(ctx, info.At, slog.LevelDebug, "AUTH done", func() []slog.Attr {
		attrs := append(ofConn(info.Conn), slog.String("phase", string(info.Phase)), slog.String("user", info.User),
			slog.Duration("took", info.Duration), slog.Time("token_expires_on", info.Token.ExpiresOn), slog.String("outcome", outcome(info)))
		var answer *entra.AuthError
		if errors.As(info.Err, &answer) {
			attrs = append(attrs, slog.String("code", answer.Code()))
		}
		return attrs
	})
}

// outcome says in a word how an AUTH ended.
func outcome(info entra.AuthDoneInfo) string {
	isAnswer := errors.As(info.Err, new(*entra.AuthError))
	switch {
	case info.Err == nil:
		return "accepted"
	case info.Refused:
		return "refused"
	case isAnswer:
		return "unready" // the server serves no client at the moment
	}
	return "unanswered"
}

func (l lines) rotationStart(ctx context.Context, info entra.RotationStartInfo) context.Context {
	l.write(ctx, info.At, slog.LevelDebug, "rotation began", func() []slog.Attr {
		return append(ofPool(info.ServerAddr, info.Library, info.Pool), slog.Int("connections", info.Connections),
			slog.Duration("window", info.Window), slog.Time("expires_on", info.ExpiresOn))
	})
	return ctx
}

func (l lines) rotationDone(ctx context.Context, info entra.RotationDoneInfo) {
	level, message := slog.LevelInfo, "connections renewed"
	if info.Refused > 0 {
		level, message = slog.LevelWarn, "connections keep the older token"
	}
	l.write(ctx, info.At, level, message, func() []slog.Attr {
		return append(ofPool(info.ServerAddr, info.Library, info.Pool), slog.Duration("took", info.Duration), slog.Int("renewed", info.Renewed),
			slog.Int("refused", info.Refused), slog.Int("left", info.Left), slog.Int("closed", info.Closed))
	})
}

func (l lines) reconnected(ctx context.Context, info entra.ReconnectedInfo) {
	l.write(ctx, info.At, slog.LevelDebug, "connection is back", func() []slog.Attr {
		return append(ofConn(info.Conn), slog.String("reason", string(info.Reason)), slog.Duration("after", info.After))
	})
}

// ofPool names a pool as the lines of a Source do.
func ofPool(server, library, pool string) []slog.Attr {
	return []slog.Attr{slog.String("server", server), slog.String("library", library), slog.String("pool", pool)}
}

func ofConn(c entra.ConnInfo) []slog.Attr {
	return append(ofPool(c.ServerAddr, c.Library, c.Pool), slog.Uint64("connection", c.ID))
}
