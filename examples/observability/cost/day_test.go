package cost_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// A day is what a Source reports of some servers of one cache.
type day struct {
	obs     *entra.Observer
	servers int
	trouble bool // each request fails in each way before it succeeds, and each AUTH is refused and fails in each way
}

const cache = "contoso.redis.cache.windows.net:6380"

func (d day) conn(server int) entra.ConnInfo {
	c := entra.ConnInfo{Library: "go-redis", Pool: "carts", ID: 1, ServerAddr: cache, PoolAddr: cache}
	if server > 0 {
		c.ServerAddr = fmt.Sprintf("contoso.redis.cache.windows.net:%d", 13000+server)
	}
	return c
}

func (d day) refresh(trigger entra.RefreshTrigger, token entra.TokenTimes) {
	ctx := d.obs.RefreshStart(context.Background(), entra.RefreshStartInfo{At: time.Now(), Trigger: trigger})
	if d.trouble {
		for i, kind := range []entra.Kind{entra.KindNetwork, entra.KindThrottled, entra.KindRejected, entra.KindMalformed, entra.KindTimedOut} {
			d.obs.AttemptDone(ctx, entra.AttemptDoneInfo{At: time.Now(), Attempt: i + 1, Err: &entra.RefreshError{Kind: kind, Attempt: i + 1}})
		}
	}
	d.obs.AttemptDone(ctx, entra.AttemptDoneInfo{At: time.Now(), Attempt: 6})
	d.obs.RefreshDone(ctx, entra.RefreshDoneInfo{At: time.Now(), Trigger: trigger, Remaining: time.Minute, ExpiresOn: token.ExpiresOn})
}

func (d day) auth(server int, phase entra.AuthPhase, token entra.TokenTimes) {
	ctx := d.obs.AuthStart(context.Background(), entra.AuthStartInfo{At: time.Now(), Conn: d.conn(server), Phase: phase})
	done := entra.AuthDoneInfo{At: time.Now(), Conn: d.conn(server), Phase: phase, Token: token}
	if d.trouble {
		for _, words := range []string{"WRONGPASS", "NOAUTH", "NOPERM", "ERR unknown command", "DENIED"} {
			refused := done
			refused.Err, refused.Refused = &entra.AuthError{Addr: cache, Err: fmt.Errorf("%s", words)}, true
			d.obs.AuthDone(ctx, refused)
		}
		for _, err := range []error{io.EOF, net.ErrClosed, os.ErrDeadlineExceeded} {
			failed := done
			failed.Err = err
			d.obs.AuthDone(ctx, failed)
		}
	}
	d.obs.AuthDone(ctx, done)
}

// pass logs in, renews and loses a connection to each server.
func (d day) pass() {
	token := entra.TokenTimes{IssuedAt: time.Now(), RenewBy: time.Now().Add(72 * time.Minute), ExpiresOn: time.Now().Add(75 * time.Minute)}
	d.refresh(entra.TriggerInitial, token)
	for server := range d.servers {
		d.obs.ConnOpened(context.Background(), entra.ConnOpenedInfo{At: time.Now(), Conn: d.conn(server)})
		d.auth(server, entra.AuthInitial, token)
	}
	d.refresh(entra.TriggerScheduled, token)
	d.refresh(entra.TriggerForced, token)
	for server := range d.servers {
		c := d.conn(server)
		ctx := d.obs.RotationStart(context.Background(), entra.RotationStartInfo{
			At: time.Now(), Library: c.Library, Pool: c.Pool, ServerAddr: c.ServerAddr, PoolAddr: c.PoolAddr, Connections: 1, ExpiresOn: token.ExpiresOn,
		})
		d.auth(server, entra.AuthRotation, token)
		if d.trouble {
			d.auth(server, entra.AuthRetry, token)
		}
		d.obs.RotationDone(ctx, entra.RotationDoneInfo{At: time.Now(), Library: c.Library, Pool: c.Pool, ServerAddr: c.ServerAddr, PoolAddr: c.PoolAddr})
		d.obs.Reconnected(context.Background(), entra.ReconnectedInfo{At: time.Now(), Conn: c, Reason: entra.CloseByServer})
	}
}
