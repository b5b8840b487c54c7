package diagnosis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

func checkCredential(ctx context.Context, e *examination) outcome {
	if e.opts.Credential == nil {
		first, _, _ := strings.Cut(fmt.Sprint(e.opts.CredentialErr), "\n")
		return failed("credential-settings", "%s", first)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watched, tried := &watchedCredential{credential: e.opts.Credential}, &triedHandler{}
	failures := make(chan error, 1)
	began := time.Now()
	source, err := entra.NewSource(watched, &entra.Options{
		Scope: e.opts.Scope, Username: e.opts.Username, Logger: slog.New(tried),
		// The Source would go on trying. Token may not know of the failure yet when ctx ends.
		Observer: &entra.Observer{AttemptDone: func(_ context.Context, i entra.AttemptDoneInfo) {
			if i.Err == nil {
				return
			}
			select {
			case failures <- i.Err:
			default: // it is not the first one
			}
			cancel()
		}},
	})
	if err != nil {
		return failed("credential-settings", "%v", err)
	}
	token, err := source.Token(ctx)
	if err == nil {
		e.source, e.token, e.claims = source, token, watched.returned().claims
		keepIdentity(e)
		return fine("%s returned a token after %v", answered(e.opts), time.Since(began).Round(time.Millisecond))
	}
	select {
	case err = <-failures:
	default: // the credential has not answered
	}
	_ = source.Close() // it also ends what writes to tried
	var refresh *entra.RefreshError
	if !errors.As(err, &refresh) {
		return failed("credential-settings", "%v", err)
	}
	e.known["code"] = strings.TrimPrefix(refresh.Code, "AADSTS")
	detail := answered(e.opts) + " returned no token: " + describe(refresh)
	if words := tried.text(); words != "" {
		detail += "; " + words
	} else if names := triedNames(refresh.Err.Error()); len(names) > 0 {
		detail += "; tried " + strings.Join(names, ", ")
	}
	return failed(whyNoToken(refresh, watched.returned(), time.Now()), "%s", detail)
}

// answered names the credential.
func answered(opts Options) string {
	if opts.Answered != nil && opts.Answered() != "" {
		return opts.Answered()
	}
	return "the credential"
}

// keepIdentity keeps what the token says of the identity, for causes and commands.
func keepIdentity(e *examination) {
	for name, claim := range map[string]string{
		"user": e.token.Username(), "object_id": e.claims.ObjectID, "client_id": e.claims.clientID(), "tenant": e.claims.Tenant,
		"audience": e.claims.Audience,
		// Managed Redis takes letters and digits only for the name of an assignment.
		"assignment": "app" + strings.ReplaceAll(e.claims.ObjectID, "-", ""),
	} {
		if claim != "" {
			e.known[name] = printable(claim)
		}
	}
}

// describe says what came in place of a token. It repeats no words of Entra's but its code.
func describe(err *entra.RefreshError) string {
	text := string(err.Kind)
	if err.Status != 0 {
		text += fmt.Sprintf(", HTTP %d from %s", err.Status, err.Host)
	}
	if err.Code != "" {
		text += ", " + err.Code
	}
	return text
}

var credentialName = regexp.MustCompile(`(?m)^\t(\w+Credential)\b`)

// triedNames returns the names of the credentials that a chain has tried, and nothing else of what
// its error says.
func triedNames(said string) (names []string) {
	for _, found := range credentialName.FindAllStringSubmatch(said, -1) {
		names = append(names, found[1])
	}
	return names
}

// whyNoToken returns the id of the cause of a failure, after which the credential had returned the
// acquisition.
func whyNoToken(err *entra.RefreshError, returned acquisition, now time.Time) string {
	if cause := causeOfCode(err.Code); cause != "" {
		return cause
	}
	switch err.Kind {
	case entra.KindThrottled:
		return "entra-throttles"
	case entra.KindTimedOut:
		return "entra-silent"
	case entra.KindNetwork:
		if err.Status != 0 {
			return "entra-down"
		}
		return "entra-unreachable"
	case entra.KindMalformed:
		return whyUnusable(returned, now)
	case entra.KindRejected:
	}
	return whyRejected(err)
}

func whyUnusable(returned acquisition, now time.Time) string {
	switch {
	case !returned.happened || returned.isEmpty:
		return "token-empty"
	case !returned.expiresOn.After(now):
		return "token-expired"
	case returned.claims.ObjectID == "":
		return "token-without-user"
	}
	return "token-empty"
}

// whyRejected is for failures that need an operator, and that no code explains.
func whyRejected(err *entra.RefreshError) string {
	if err.Status != 0 {
		if isMachineLocal(err.Host) {
			return "managed-identity-missing"
		}
		return "credential-rejected"
	}
	said := err.Err.Error() // it is read here, and shown nowhere
	switch {
	case strings.Contains(said, "\nAttempted credentials:"):
		return "no-identity"
	case strings.Contains(said, "executable not found"):
		return "tool-missing"
	case strings.Contains(said, "azd auth login"), strings.Contains(said, "azd login"):
		return "azd-not-signed-in"
	case strings.Contains(said, "az login"):
		return "az-not-signed-in"
	case strings.Contains(said, "Connect-AzAccount"):
		return "powershell-not-signed-in"
	case strings.Contains(said, "Az.Accounts module not found"):
		return "powershell-module-missing"
	case strings.Contains(said, "without user interaction"):
		return "person-needed"
	case err.Code != "":
		return "credential-rejected"
	}
	return "no-identity"
}

// isMachineLocal reports whether a host is the managed identity endpoint, which has no name in DNS.
func isMachineLocal(address string) bool {
	hostname := (&url.URL{Host: address}).Hostname()
	_, err := netip.ParseAddr(hostname)
	return err == nil || hostname == "localhost"
}
