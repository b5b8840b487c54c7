package diagnosis

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

func checkIdentity(_ context.Context, e *examination) outcome {
	user := e.token.Username()
	switch {
	case e.claims == claims{}:
		return fine("user %s; the token says nothing of its identity", user)
	// A token for another service is that service's secret.
	case e.claims.Audience != "" && !e.claims.isForRedis():
		return failed("token-not-for-redis", "the token is for %s", e.claims.Audience)
	case user == e.claims.clientID() && user != e.claims.ObjectID:
		e.suspicion = "user-is-client-id"
	// Development servers know no user but default, and take anything as its password.
	case e.claims.ObjectID != "" && user != e.claims.ObjectID && user != "default":
		e.suspicion = "user-is-not-object-id"
	}
	tenant, client := e.claims.Tenant, e.claims.clientID()
	detail := "user " + user + ", " + e.claims.kind() + ", client id " + client + ", tenant " + tenant +
		", audience " + e.claims.Audience
	if e.suspicion != "" {
		return warning(e.suspicion, "%s", detail)
	}
	if e.opts.ClientID != "" && client != "" && e.opts.ClientID != client {
		e.known["configured"] = printable(e.opts.ClientID)
		return warning("another-identity", "%s", detail)
	}
	return fine("%s", detail)
}

// checkServer asks without a login what answers at the address.
func checkServer(ctx context.Context, e *examination) outcome {
	e.session = newSession(e.conn, e.token)
	answer, err := e.session.do(ctx, "PING")
	switch {
	case errors.Is(err, errNotRedis):
		return failed("not-redis", "%v", err)
	case err != nil && isTimeout(err):
		return failed("server-silent", "no answer to PING within %v", e.opts.Timeout)
	case err != nil:
		return failed("server-closes", "%v", err)
	case !answer.isError():
		e.isOpen = true
		return fine("it takes commands without a login")
	}
	e.known["words"] = answer.text
	switch refused := refusal(e, answer); {
	case refused.Code() == "NOAUTH":
		return fine("it asks for a login")
	case refused.Temporary():
		return failed(whyNotReady(answer.text), "%s", answer.text)
	case refused.Code() == "DENIED":
		return failed("protected-mode", "%s", answer.text)
	}
	return fine("%s", answer.text)
}

// refusal is what the library makes of an answer to AUTH.
func refusal(e *examination, answer reply) *entra.AuthError {
	return &entra.AuthError{Addr: e.opts.Address, User: e.token.Username(), Err: errors.New(answer.text)}
}

func whyNotReady(words string) string {
	if strings.Contains(words, "max number of clients") {
		return "server-full"
	}
	return "server-not-ready"
}

func checkLogin(ctx context.Context, e *examination) outcome {
	err := e.session.login(ctx)
	if err != nil {
		return failed("login-closes", "%v", err)
	}
	began := time.Now()
	answer, err := e.session.receive(ctx)
	switch {
	case err != nil && isTimeout(err):
		return failed("login-silent", "no answer to AUTH within %v", e.opts.Timeout)
	case err != nil:
		return failed("login-closes", "%v", err)
	case answer.isError():
		return failed(whyRefused(e, answer), "%s", answer.text)
	}
	return fine("as %s, answered after %v", e.token.Username(), time.Since(began).Round(time.Millisecond))
}

// whyRefused returns the id of why the server refused AUTH.
func whyRefused(e *examination, answer reply) string {
	e.known["words"] = answer.text
	words := strings.ToLower(answer.text)
	switch refused := refusal(e, answer); {
	case refused.Temporary():
		return whyNotReady(answer.text)
	case refused.Code() == "DENIED":
		return "protected-mode"
	case e.isOpen, strings.Contains(words, "no password is set"), strings.Contains(words, "without any password"):
		return "server-without-passwords"
	case strings.Contains(words, "unknown command"), strings.Contains(words, "wrong number of arguments"):
		return "server-without-auth"
	case refused.Code() == "NOPERM":
		return "login-forbidden"
	case slices.Contains([]string{"MISCONF", "READONLY", "NOREPLICAS", "UNKILLABLE"}, refused.Code()):
		return "server-unfit"
	case e.isPlain: // a cache of Azure's is not on this machine
		return "local-server-refuses"
	case e.suspicion != "":
		return e.suspicion
	}
	return "no-assignment"
}

// checkRenewal logs in again on the open connection, as each new token does.
func checkRenewal(ctx context.Context, e *examination) outcome {
	if err := e.session.login(ctx); err != nil {
		return failed("renewal-refused", "%v", err)
	}
	answer, err := e.session.receive(ctx)
	switch {
	case err != nil:
		return failed("renewal-refused", "%v", err)
	case answer.isError():
		return failed("renewal-refused", "%s", answer.text)
	}
	return fine("a second AUTH on the open connection was accepted")
}

// checkPipeline sends a command behind an AUTH in flight, as new connections do.
func checkPipeline(ctx context.Context, e *examination) outcome {
	conn, err := e.open(ctx)
	if err != nil {
		return failed("second-connection", "%v", err)
	}
	defer conn.Close()
	s := newSession(conn, e.token)
	if err := s.login(ctx, "PING"); err != nil {
		return failed("second-connection", "%v", err)
	}
	waiting, cancel := context.WithTimeout(ctx, e.opts.Timeout/2)
	defer cancel()
	answer, err := s.receive(waiting)
	switch {
	case err != nil:
		return needsSeparateLogin(e, err.Error())
	case answer.isError():
		return failed("second-connection", "%s", answer.text)
	}
	answer, err = s.receive(waiting)
	switch {
	case err != nil:
		return needsSeparateLogin(e, err.Error())
	case answer.isError() && refusal(e, answer).Code() == "NOAUTH":
		return needsSeparateLogin(e, answer.text)
	}
	return fine("a command behind an AUTH in flight was answered")
}

func needsSeparateLogin(e *examination, detail string) outcome {
	e.settings.SeparateLogin = true
	return warning("separate-login-needed", "the command behind an AUTH in flight: %s", detail)
}

func checkProtocol(ctx context.Context, e *examination) outcome {
	answer, err := e.session.do(ctx, "HELLO", "3")
	switch {
	case err != nil:
		return failed("connection-lost", "%v", err)
	case answer.isError() && isForbidden(answer):
		return warning("hello-forbidden", "%s", answer.text)
	case answer.isError():
		return warning("stays-in-resp2", "%s", answer.text)
	}
	e.known["version"] = printable(answer.field("version"))
	if answer.kind != '%' || answer.field("proto") == "2" {
		return warning("stays-in-resp2", "%s %s stays in RESP2", printable(answer.field("server")), e.known["version"])
	}
	e.settings.RESP3 = true
	e.isStandalone = answer.field("mode") == "standalone"
	return fine("%s %s, RESP3, mode %s", printable(answer.field("server")), e.known["version"], printable(answer.field("mode")))
}
