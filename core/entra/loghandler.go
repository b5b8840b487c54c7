package entra

import (
	"context"
	"log/slog"
)

// A logHandler hands records to the user's handler through a queue. It asks that one for its level
// there too, because Enabled is a function of the user's. So a record costs a queued call even at
// a level that is not enabled: the lines of a Source are rare.
type logHandler struct {
	relay   *relay
	handler func() slog.Handler // the user's
}

// Enabled implements [slog.Handler].
func (h *logHandler) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements [slog.Handler].
func (h *logHandler) Handle(ctx context.Context, record slog.Record) error {
	record = record.Clone()
	h.relay.log.add(task{call: func() { h.call(ctx, record) }})
	return nil
}

// call calls the user's handler, once the observers had the time to put a trace into ctx.
func (h *logHandler) call(ctx context.Context, record slog.Record) {
	if s := h.relay.startedOf(ctx); s != nil {
		s.await(len(s.answers), record.Time.Add(joinedPatience))
	}
	if handler := h.handler(); handler.Enabled(ctx, record.Level) {
		_ = handler.Handle(ctx, record) // a handler that fails has no other place to say so
	}
}

// WithAttrs implements [slog.Handler].
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &logHandler{h.relay, func() slog.Handler { return h.handler().WithAttrs(attrs) }}
}

// WithGroup implements [slog.Handler].
func (h *logHandler) WithGroup(name string) slog.Handler {
	return &logHandler{h.relay, func() slog.Handler { return h.handler().WithGroup(name) }}
}
