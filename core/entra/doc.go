// Package entra keeps a Microsoft Entra ID access token for Azure Cache for Redis or Azure Managed Redis fresh.
//
// A [Source] takes any Azure credential (azcore.TokenCredential, as the azidentity module makes them), asks it for
// tokens in one goroutine, and hands out the current one:
//
//	src, err := entra.NewSource(cred, &entra.Options{Logger: slog.Default()})
//	if err != nil {
//		return err
//	}
//	defer src.Close()
//	token, err := src.Token(ctx)
//
// Most programs do nothing else with it than pass it to an adapter for their Redis client, which logs connections
// in and keeps them logged in. This package knows no Redis client and opens no connection.
//
// # What it promises
//
//   - Token returns a valid token at once while there is one. It waits, as long as its context lets it, only
//     before the first token and after an outage that outlasted the last one.
//   - A token is replaced in good time: at a random point after the RefreshOn that the credential named, else
//     between 70 and 80 % of its life. Programs that started together do not ask together.
//   - A failure never takes a valid token away, and never ends the Source. It retries until Close, with growing
//     random waits that shrink again towards the expiry, and not before a Retry-After has passed.
//   - A token that is empty, expired or names no user is an error, not a token. One that is not newer than the
//     current one is neither: credentials serve their caches, and the Source waits for them to let go.
//   - However many callers wait, one request is made. One call to the credential is under way at a time; one that
//     ignores its deadline is abandoned, and at most 8 of these are left behind before the Source waits for them.
//   - Everything scales down for tokens that live less than 30 minutes, so that tests can use tokens that live
//     seconds or milliseconds.
//   - The secret is printed by nothing: no format verb, log record, encoding or error message. [Token.Credentials]
//     is the only way to it.
//
// # What it needs
//
// A machine clock that is right within a minute or so: azidentity and Entra tell expiries by it. Credentials that
// keep their own retries are used without them. A credential is asked with the claims "{}" when its cache stands
// in the way of a renewal; if it refuses that alone, it is not asked so again.
//
// # When something goes wrong
//
// Errors are [ErrClosed], [*RefreshError], [*AuthError] and [*ConfigError]; each says whether a retry helps.
// [Source.Status] is for health checks, [Observer] for metrics and traces, Options.Logger for one line when tokens
// begin to fail and one when they are back; without one a Source is silent.
package entra
