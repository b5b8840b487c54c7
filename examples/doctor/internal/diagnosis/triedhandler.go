package diagnosis

import (
	"context"
	"log/slog"
	"sync"
)

// A triedHandler keeps what the Source logs of the credentials that found nothing to ask with. What
// a Source logs holds no secret.
type triedHandler struct {
	mu    sync.Mutex
	tried string
}

// Enabled implements [slog.Handler].
func (h *triedHandler) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements [slog.Handler].
func (h *triedHandler) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "tried" {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.tried = a.Value.String()
		}
		return true
	})
	return nil
}

// WithAttrs implements [slog.Handler].
func (h *triedHandler) WithAttrs([]slog.Attr) slog.Handler { return h }

// WithGroup implements [slog.Handler].
func (h *triedHandler) WithGroup(string) slog.Handler { return h }

func (h *triedHandler) text() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tried
}
