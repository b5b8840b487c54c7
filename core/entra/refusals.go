package entra

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"
)

// A refusalRegister knows which servers refuse the token, whatever their words. Connections report
// each AUTH to the observer, and the register listens there.
type refusalRegister struct {
	log *slog.Logger

	mu     sync.Mutex           // the only lock of a Source; never held over a log line
	held   map[string]time.Time // expiry of the token that a server refused last, by the server's address
	logged map[string]time.Time // expiry of the token whose refusal is in the log
}

func newRefusalRegister(log *slog.Logger) *refusalRegister {
	return &refusalRegister{log: log, held: map[string]time.Time{}, logged: map[string]time.Time{}}
}

// authDone notes how an AUTH ended. The log gets a line when a server begins to refuse, and one for
// each later token after the server has accepted one: several servers may share an address, of
// which some accept and some refuse.
func (r *refusalRegister) authDone(ctx context.Context, info AuthDoneInfo) {
	addr, expiry := info.Conn.ServerAddr, info.Token.ExpiresOn
	r.mu.Lock()
	refusedExpiry, known := r.held[addr]
	news := info.Refused && !known && expiry.After(r.logged[addr])
	switch {
	case info.Refused:
		if expiry.After(refusedExpiry) {
			r.held[addr] = expiry
		}
		if news {
			r.forgetLocked(time.Now())
			r.logged[addr] = expiry
		}
	case info.Err == nil && !expiry.Before(refusedExpiry):
		delete(r.held, addr)
	}
	r.mu.Unlock()
	if authErr, ok := errors.AsType[*AuthError](info.Err); ok && news {
		r.log.LogAttrs(ctx, slog.LevelWarn, "entra: a Redis server refuses AUTH", slog.String("server", addr),
			slog.String("phase", string(info.Phase)), slog.String("code", authErr.Code()), slog.Any("err", authErr))
	}
}

// forgetLocked forgets the servers whose refused token expired a day ago: their addresses may not
// exist any more.
func (r *refusalRegister) forgetLocked(wall time.Time) {
	for _, m := range []map[string]time.Time{r.held, r.logged} {
		maps.DeleteFunc(m, func(_ string, expiry time.Time) bool { return wall.Sub(expiry) > 24*time.Hour })
	}
}

// of reports whether a server refuses the token with that expiry.
func (r *refusalRegister) of(expiry time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, refusedExpiry := range r.held {
		if refusedExpiry.Equal(expiry) {
			return true
		}
	}
	return false
}
