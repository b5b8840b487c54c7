// Package advice tells operators, once for each client, what keeps connections from being renewed.
package advice

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// An Advice belongs to one client. Its methods may be called at the same time.
type Advice struct {
	logger        *slog.Logger
	library, pool string
	toldOnLogin   atomic.Bool
	toldOnHello   atomic.Bool
}

// ForClient returns the advice for a client that a library opens, and whose name is pool.
func ForClient(logger *slog.Logger, library, pool string) *Advice {
	return &Advice{logger: logger, library: library, pool: pool}
}

// OnLogin is for a program that has logged in as another user on a connection to a server.
func (a *Advice) OnLogin(server string) {
	if a.toldOnLogin.CompareAndSwap(false, true) {
		a.logger.LogAttrs(context.Background(), slog.LevelWarn,
			"entraconn: the program logs in as another user, and those connections are not renewed",
			slog.String("library", a.library), slog.String("pool", a.pool), slog.String("server", server),
			slog.String("remedy", "remove AUTH, and HELLO with AUTH, from the program"))
	}
}

// OnHello is for a server that has refused HELLO to the user of the token.
func (a *Advice) OnHello(server string) {
	if a.toldOnHello.CompareAndSwap(false, true) {
		a.logger.LogAttrs(context.Background(), slog.LevelWarn,
			"entraconn: the user may not send HELLO, so subscriptions in RESP2 end with their tokens",
			slog.String("library", a.library), slog.String("pool", a.pool), slog.String("server", server),
			slog.String("remedy", "add +hello to the permissions of the identity's access policy"))
	}
}
