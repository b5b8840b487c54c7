package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// outageShorter catches a library that gives up a valid token, or a connection that uses it,
// because it could not acquire a newer token.
func outageShorter(e *env) {
	client := e.open("outage", 2)
	e.warm(client, 2)
	fault := e.sts.Inject(entratest.Fault{Refuse: true, Count: 3})
	e.during(func() { e.awaitTokens(2) }, 2, e.interval(1000), func(int, int) error {
		_, err := client.Do(e.ctx, "INCR", "key")
		return err
	})
	if fault.Hits() != 3 {
		e.t.Errorf("Entra was out for %d attempts, not 3: nothing was tested", fault.Hits())
	}
	e.renewed(2)
	e.unnoticed()
}

// outageLonger catches a library that fails before the token expires, that does not say why it fails, or that
// must be restarted when Entra is back.
func outageLonger(e *env) {
	client := e.open("outage", 2)
	e.warm(client, 2)
	token, _ := e.source.Latest()
	fault := e.sts.Inject(entratest.Fault{Refuse: true})
	for failed := false; !failed; rest(e.ctx, e.interval(1000)) {
		if e.ctx.Err() != nil {
			e.t.Fatal("no caller got a *entra.RefreshError, long after the token had expired")
		}
		ctx, cancel := context.WithTimeout(e.ctx, e.atLeast(30*time.Second))
		_, err := client.Do(ctx, "INCR", "key")
		cancel()
		if err == nil {
			continue
		}
		if time.Now().Before(token.ExpiresOn()) {
			e.t.Fatalf("a command failed %v before the token expired: %v", time.Until(token.ExpiresOn()), e.output.saw(err))
		}
		refresh := (*entra.RefreshError)(nil) // the first errors are those of connections that the server closed
		failed = errors.As(e.output.saw(err), &refresh)
	}
	fault.Remove()
	e.eventually("after Entra was back", func(ctx context.Context) error {
		_, err := client.Do(ctx, "INCR", "key")
		return err
	})
}

// tokenNotNewer catches a library that sends a token again which its connections already have: azidentity returns
// the one in its cache until five minutes before it expires.
func tokenNotNewer(e *env) {
	client := e.open("same", 2)
	e.warm(client, 2)
	fault := e.sts.Inject(entratest.Fault{Repeat: true, Count: 2})
	e.awaitTokens(3)
	e.ping(client, 2)
	if fault.Hits() != 2 {
		e.t.Errorf("Entra gave the old token %d times, not 2: nothing was tested", fault.Hits())
	}
	if n := len(e.refusals()); n > 0 {
		e.t.Errorf("the server refused %d AUTHs", n)
	}
	e.renewed(2)
	e.unnoticed() // no connection had a token twice
}

// authRefusedOnce catches a library that drops a connection whose renewal was refused. The
// connection is still logged in, and the next try may succeed.
func authRefusedOnce(e *env) {
	client := e.open("retried", 2)
	e.warm(client, 2)
	fault := e.gateway.Inject(entratest.WireFault{RefuseAuth: e.dialect.WrongPassword, RotationOnly: true, Count: 1})
	e.during(func() {
		if err := fault.Wait(e.ctx); err != nil {
			e.t.Errorf("no AUTH was refused: %v", err)
			return
		}
		e.awaitTokens(2)
		e.eventually("after the refusal", e.acceptedAfterRefusal)
	}, 2, e.interval(1000), func(int, int) error {
		_, err := client.Do(e.ctx, "INCR", "key")
		return err
	})
	if n := len(e.refusals()); n != 1 {
		e.t.Errorf("the server refused %d AUTHs, not 1", n)
	}
	e.unnoticed()
}

// acceptedAfterRefusal returns an error unless the connection that was refused last has had an AUTH accepted since.
func (e *env) acceptedAfterRefusal(context.Context) error {
	newest := e.gateway.Auths()
	slices.Reverse(newest)
	refused := slices.IndexFunc(newest, func(a entratest.Auth) bool { return a.Err != "" })
	if refused < 0 {
		return errors.New("no AUTH was refused")
	}
	if !slices.ContainsFunc(newest[:refused], func(a entratest.Auth) bool { return a.Conn == newest[refused].Conn && a.Err == "" }) {
		return errors.New("the connection whose AUTH was refused got no other one")
	}
	return nil
}

// authRefusedSilently catches a library that takes the reply to the next command for the answer to its AUTH, where the
// server gives a refused AUTH none. Redis from 7.2 and Valkey from 8.1 do so while they have other replies to send. No AUTH
// can go into a transaction, so one that is due goes right behind EXEC.
func authRefusedSilently(e *env) {
	client := e.open("refused", 1)
	err := client.Hold(e.ctx, func(conn Conn) error {
		for n := 0; ; n++ {
			since := time.Now()
			if err := e.refuseBehindExec(conn, n); err != nil {
				return err
			}
			rest(e.ctx, e.life/40) // so that the observer is told, and the AUTH gets its next turn
			if e.output.holds("no answer to AUTH") {
				return nil
			}
			if e.ctx.Err() != nil {
				return errors.New("no AUTH was refused without an answer: nothing was tested")
			}
			if !e.virtual { // a token may not live through two transactions
				e.eventually("after a transaction", func(context.Context) error { return e.allAcceptedSince(since) })
			}
		}
	})
	if err != nil {
		e.t.Errorf("a command failed: %v", e.output.saw(err))
	}
	e.eventually("after the refusal", e.acceptedAfterRefusal)
	e.unnoticed()
}

// allAcceptedSince returns an error unless each open connection has had an AUTH accepted since then.
func (e *env) allAcceptedSince(then time.Time) error {
	accepted := map[int]bool{}
	for _, a := range e.gateway.Auths() {
		if a.Err == "" && a.At.After(then) {
			accepted[a.Conn] = true
		}
	}
	if open := e.gateway.Stats().Open; len(accepted) < open {
		return fmt.Errorf("an AUTH was accepted on %d of %d connections", len(accepted), open)
	}
	return nil
}

// refuseBehindExec has an AUTH refused behind the n-th transaction. No reply may be the one to another command.
func (e *env) refuseBehindExec(conn Conn, n int) error {
	do := func(want any, args ...string) error {
		got, err := conn.Do(e.ctx, args...)
		if err == nil && !reflect.DeepEqual(got, want) {
			err = fmt.Errorf("%q was answered %v, want %v", args, got, want)
		}
		return err
	}
	value := fmt.Sprint("value ", n)
	if err := errors.Join(do("OK", "MULTI"), do("QUEUED", "SET", "key", value)); err != nil {
		return err
	}
	token, _ := e.source.Latest()
	e.awaitTokens(1)
	if e.virtual {
		rest(e.ctx, min(10*time.Minute, time.Until(token.RenewBy()))) // by then every connection has had its turn
	} else {
		rest(e.ctx, realRefresh*9/10) // a good part of them has, and the next token is about to give them another one
	}
	fault := e.gateway.Inject(entratest.WireFault{RefuseAuth: e.dialect.WrongPassword, RefuseSilently: true, RotationOnly: true})
	defer fault.Remove()
	return errors.Join(
		do([]any{"OK"}, "EXEC"), do("OK", "SET", "other", value), do(value, "GET", "key"), do(value, "ECHO", value), do(nil, "GET", "none"),
	)
}
