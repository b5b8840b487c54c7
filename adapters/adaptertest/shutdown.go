package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// closeClientFirst catches a library that leaves something running when the client is closed, here in the middle
// of a rotation: the bubble does not end then.
func closeClientFirst(e *env) {
	client := e.open("closed", 4)
	e.warm(client, 4)
	e.awaitTokens(1)
	if err := client.Close(); err != nil {
		e.t.Errorf("Close: %v", e.output.saw(err))
	}
	e.awaitTokens(1)
	e.eventually("no connection after Close", func(context.Context) error {
		if n := e.gateway.Stats().Open; n != 0 {
			return fmt.Errorf("%d are open", n)
		}
		return nil
	})
	if err := e.source.Close(); err != nil {
		e.t.Errorf("Source.Close: %v", err)
	}
}

// closeSourceFirst catches a library that hangs, panics or logs in without a token when its Source
// is closed first. It may use the last token until that expires.
func closeSourceFirst(e *env) {
	client := e.open("orphan", 4)
	e.warm(client, 1)
	if err := e.source.Close(); err != nil {
		e.t.Errorf("Source.Close: %v", err)
	}
	if err := e.hold(client, 4, func(int, Conn) error { return nil }); err != nil && !errors.Is(err, entra.ErrClosed) {
		e.t.Errorf("a connection that was opened after Source.Close: %v", err)
	}
	for ended := false; !ended; rest(e.ctx, e.interval(1000)) {
		if e.ctx.Err() != nil {
			e.t.Fatal("commands go on, or fail with something else than entra.ErrClosed, long after the last token expired")
		}
		ctx, cancel := context.WithTimeout(e.ctx, e.atLeast(10*time.Second))
		_, err := client.Do(ctx, "INCR", "key")
		cancel()
		ended = errors.Is(e.output.saw(err), entra.ErrClosed) // the first errors are those of connections that the server closed
	}
	if err := client.Close(); err != nil {
		e.t.Errorf("Close: %v", err)
	}
}
