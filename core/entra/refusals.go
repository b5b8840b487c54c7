package entra

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"
)

// Refusals knows which servers refuse the token, whatever their words. Connections report each AUTH to the observer,
// and this listens there.
type refusals struct {
	log *slog.Logger

	mu     sync.Mutex
	held   map[string]time.Time // expiry of the token that a server refused last, by the server's address
	logged map[string]time.Time // expiry of the token whose refusal is in the log
}

func newRefusals(log *slog.Logger) *refusals {
	return &refusals{log: log, held: map[string]time.Time{}, logged: map[string]time.Time{}}
}

// authDone notes how an AUTH ended. A server has its line in the log when it begins to refuse, and one for each later
// token after it has accepted one: behind one address may be several servers, of which some accept and some refuse.
func (r *refusals) authDone(ctx context.Context, info AuthDoneInfo) {
	addr, expiry := info.Conn.ServerAddr, info.Token.ExpiresOn
	r.mu.Lock()
	refused, known := r.held[addr]
	news := info.Refused && !known && expiry.After(r.logged[addr])
	switch {
	case info.Refused:
		if expiry.After(refused) {
			r.held[addr] = expiry
		}
		if news {
			r.forgetLocked(time.Now())
			r.logged[addr] = expiry
		}
	case info.Err == nil && !expiry.Before(refused):
		delete(r.held, addr)
	}
	r.mu.Unlock()
	if failed, ok := errors.AsType[*AuthError](info.Err); ok && news {
		r.log.LogAttrs(ctx, slog.LevelWarn, "entra: a Redis server refuses AUTH", slog.String("server", addr),
			slog.String("phase", string(info.Phase)), slog.String("code", failed.Code()), slog.Any("err", failed))
	}
}

// forgetLocked forgets the servers whose refused token expired a day ago: their addresses may be gone.
func (r *refusals) forgetLocked(now time.Time) {
	for _, m := range []map[string]time.Time{r.held, r.logged} {
		maps.DeleteFunc(m, func(_ string, expiry time.Time) bool { return now.Sub(expiry) > 24*time.Hour })
	}
}

// of reports whether a server refuses the token with that expiry.
func (r *refusals) of(expiry time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, refused := range r.held {
		if refused.Equal(expiry) {
			return true
		}
	}
	return false
}
