package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// login catches a library that sends a command before AUTH, logs in more than once per connection, or does not
// get through TLS.
func login(e *env) {
	client := e.open("login", 4)
	if _, err := client.Do(e.ctx, "SET", "key", "value"); err != nil {
		e.t.Fatalf("SET: %v", e.output.saw(err))
	}
	if got, err := client.Do(e.ctx, "GET", "key"); err != nil || got != "value" {
		e.t.Errorf("GET: %q, %v", got, e.output.saw(err))
	}
	e.warm(client, 4)
	e.unnoticed()
	s := e.gateway.Stats()
	soonest := e.life / 4
	if !e.virtual {
		soonest = realRefresh
	}
	renewals := int(time.Since(e.fed) / soonest) // none, unless the machine is so slow that one is due
	if s.Logins != s.Accepted || s.Auths < s.Logins || s.Auths > s.Logins+renewals*s.Accepted {
		e.t.Errorf("%d connections logged in %d times with %d AUTHs", s.Accepted, s.Logins, s.Auths)
	}
	if n := e.sts.Issued(); n < 1 || n > 1+renewals {
		e.t.Errorf("%d tokens were fetched for one login", n)
	}
}

// loginWithAzidentity catches a Source that does not work with a real credential, whose cache
// returns the same token for most of its life and whose errors wrap Entra's answers.
func loginWithAzidentity(e *env) {
	cred, err := e.sts.ClientSecretCredential()
	if err != nil {
		e.t.Fatal(err)
	}
	e.feed(cred)
	if _, err := e.source.Token(e.ctx); err != nil { // a busy machine takes longer than a login waits
		e.t.Fatal(err)
	}
	client := e.open("azidentity", 2)
	e.warm(client, 2)
	if e.virtual { // Entra's tokens live whole seconds, a real one would have to live too long for a test
		e.awaitRotations()
		e.ping(client, 2)
		e.renewed(2)
	}
	e.unnoticed()
}

// authRefusedAtLogin catches a library that hides why the login failed, that dials as fast as its
// callers ask (go-redis with 50 of them: 5,000 times a second), and one that does not recover when
// the access policy is fixed.
func authRefusedAtLogin(e *env) {
	// What decides is the number of logins that 50 callers make for ten seconds, or in real time for two.
	span := 2 * time.Second
	if e.virtual {
		span = 10 * time.Second
	}
	e.refusedAtLogin(e.dialect.WrongPassword, 50, span)
	if health := e.source.Status().Health; e.virtual && health != entra.HealthReady {
		e.t.Errorf("a login was accepted again, and the Source is %s", health)
	}
}

// refusedWithoutPasswords catches the same with a server that developers run: it asks for no password and knows no user
// but its own, default. Clients that log in as that user get along with it.
func refusedWithoutPasswords(e *env) {
	for _, separate := range []bool{false, true} {
		e.username, e.cfg.SeparateLogin = "", separate
		e.feed(e.sts.Credential())
		client := e.open("refused", 8)
		e.refused(client, 8, 2*time.Second)
		if err := client.Close(); err != nil {
			e.t.Errorf("close: %v", err)
		}
		e.username = defaultUser
		e.feed(e.sts.Credential())
		// The server may execute what comes with a login that it refuses.
		done, err := e.open("developer", 1).Do(e.ctx, "DEL", "key")
		if err != nil || separate && done != int64(0) {
			e.t.Errorf("DEL: %v, %v; a command was executed after a refused login that it waited for", done, e.output.saw(err))
		}
	}
	client := e.open("developer", 2)
	e.warm(client, 2)
	if e.virtual {
		e.awaitRotations()
		e.ping(client, 2)
	}
	if n := len(e.accepted()); n < 2+2 {
		e.t.Errorf("%d connections were logged in", n)
	}
}

// authRefusedInOtherWords catches the same with other servers than redis-server. Azure Cache for
// Redis puts ERR before the code, and proxies use words of their own or repeat the token.
func authRefusedInOtherWords(e *env) {
	token, err := e.source.Token(e.ctx)
	if err != nil {
		e.t.Fatal(err)
	}
	user, password := token.Credentials()
	for _, words := range []string{
		fmt.Sprintf("ERR unknown command 'AUTH', with args beginning with: '%s' '%.80s", user, password),
		"ERR WRONGPASS invalid username-password pair",
		"WRONGPASS",
		"DENIED Redis is running in protected mode",
		"ERR no such principal",
	} {
		e.refusedAtLogin(words, 8, 2*time.Second)
	}
	for at := range 80 - shortestPiece + 1 {
		if e.output.holds(password[at : at+shortestPiece]) {
			e.t.Fatal("a piece of the token, which the server repeated, stands in a log, in an error or in what the observer was told")
		}
	}
}

// shortestPiece is how many bytes of a token may not be seen in a row.
const shortestPiece = 12

// refusedAtLogin opens a client for some callers, and refuses its logins in some words for a while.
func (e *env) refusedAtLogin(words string, callers int, span time.Duration) {
	fault := e.gateway.Inject(entratest.WireFault{RefuseAuth: words, LoginOnly: true})
	client := e.open("refused", callers)
	e.refused(client, callers, span)
	fault.Remove()
	e.eventually("after the access policy was mended", func(ctx context.Context) error {
		_, err := client.Do(ctx, "SET", "key", "value")
		return err
	})
	if err := client.Close(); err != nil {
		e.t.Errorf("close: %v", err)
	}
}

// refused has callers call for a while, all in vain.
func (e *env) refused(client Client, callers int, span time.Duration) {
	before := e.gateway.Stats().Accepted
	var saidSo atomic.Bool
	calls := e.during(func() { rest(e.ctx, span) }, callers, 50*time.Millisecond, func(int, int) error {
		ctx, cancel := context.WithTimeout(e.ctx, e.atLeast(5*time.Second))
		defer cancel()
		_, err := client.Do(ctx, "SET", "key", "value")
		if err == nil {
			return errors.New("a command succeeded without a login")
		}
		if refusal := (*entra.AuthError)(nil); !errors.As(e.output.saw(err), &refusal) {
			return fmt.Errorf("no *entra.AuthError in what the caller got: %w", err)
		}
		if health := e.source.Status().Health; health == entra.HealthRefused || health == entra.HealthDegraded {
			saidSo.Store(true)
		}
		return nil
	})
	most := 20
	if !e.virtual { // as long as a busy machine has no answer, twice as many go ahead every 100 ms: each caller connects once
		most += callers
	}
	if n := e.gateway.Stats().Accepted - before; n > most {
		e.t.Errorf("%d calls of %d callers caused %d connections in %v", calls, callers, n, span)
	}
	if !saidSo.Load() {
		e.t.Error("the server refuses logins, and the Source never said so")
	}
}

// serverFull catches a library that mistakes any error reply to its AUTH for a refused login, and
// then waits for a newer token. What the caller gets must begin with the server's words: go-redis
// knows them by that and retries.
func serverFull(e *env) {
	fault := e.gateway.Inject(entratest.WireFault{MaxClients: true})
	client := e.open("full", 2)
	ctx, cancel := context.WithTimeout(e.ctx, e.atLeast(20*time.Second))
	defer cancel()
	_, err := client.Do(ctx, "SET", "key", "value")
	const words = "max number of clients reached" // rueidis leaves ERR out
	if err == nil || !strings.HasPrefix(strings.TrimPrefix(err.Error(), "ERR "), words) {
		e.t.Errorf("the server was full, the caller got: %v", e.output.saw(err))
	}
	if refusal := (*entra.AuthError)(nil); errors.As(err, &refusal) && !refusal.Temporary() {
		e.t.Errorf("the server was full, the caller got a refused login: %v", err)
	}
	fault.Remove()
	e.eventually("after the server had room again", func(ctx context.Context) error {
		_, err := client.Do(ctx, "SET", "key", "value")
		return err
	})
}

// contextEnds catches a library whose callers wait for Entra longer than they asked to.
func contextEnds(e *env) {
	fault := e.sts.Inject(entratest.Fault{Hang: true})
	// The first token may have come before the fault: this Source never had one.
	e.feedCold(e.sts.Credential())
	client := e.open("waiting", 2)
	ctx, cancel := context.WithTimeout(e.ctx, 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := client.Do(ctx, "SET", "key", "value")
	if err == nil {
		e.t.Error("a command succeeded without a token")
	}
	_ = e.output.saw(err)
	if waited := time.Since(began); e.virtual && waited > 6*time.Second { // a dial without the caller's context waits 5 s
		e.t.Errorf("the caller asked for 300ms and waited %v", waited)
	}
	fault.Remove()
	e.eventually("after Entra answered", func(ctx context.Context) error {
		_, err := client.Do(ctx, "SET", "key", "value")
		return err
	})
}
