// Package entra keeps a Microsoft Entra ID access token for Azure Cache for Redis or Azure Managed
// Redis fresh.
//
// A [Source] takes any Azure credential (azcore.TokenCredential, as the azidentity module makes
// them), asks it for tokens in one goroutine, and hands out the current one. A program passes it to
// an adapter for its Redis client, which logs connections in and keeps them logged in:
//
//	src, err := entra.NewSource(cred, &entra.Options{Logger: slog.Default()})
//	if err != nil {
//		return err
//	}
//	defer src.Close()                             // after the clients
//	if _, err := src.Token(start); err != nil {   // optional: fails at the start if there is no token
//		return err
//	}
//	err = entragoredis.Configure(opt, src, nil)   // or entrarueidis, entraredigo, entraconn
//
// Most programs need no more of this package than NewSource, Close, [Source.Status] and the errors.
// It knows no Redis client and opens no connection.
//
// # What it promises
//
//   - Token returns a valid token at once while there is one. It waits, as long as its context lets
//     it, only before the first token and after an outage that outlasted the last one.
//   - A token is replaced in good time: at a random point of the tenth of its life that follows the
//     RefreshOn which the credential named, or 70 %. A token that came at a start or after an
//     outage is replaced at a random point between RefreshOn, or 30 %, and 80 %: programs that got
//     their tokens together do not ask together for the next ones.
//   - A failure never takes a valid token away, and never ends the Source. It retries until Close,
//     with growing random waits that shrink again towards the expiry, and not before a Retry-After
//     has passed. When Entra is back after an outage, there is a token within 2 seconds if a caller
//     waits, else within 15, if no Retry-After and no attempt that hangs (for at most 30 seconds)
//     stands in between.
//   - A failure that needs an operator (400, 401, 403, a token without a user name) is followed by
//     few requests: never more than 64 in an hour, however many callers wait, unless tokens are
//     issued for less than 4 minutes.
//   - A token that is empty, expired or names no user is an error, not a token. One that is not
//     newer than the current one is neither: credentials serve their caches, and the Source waits
//     until they drop it.
//   - However many callers wait, one request is made. One call to the credential is under way at a
//     time; one that ignores its deadline is abandoned. While 8 abandoned calls run, the Source
//     makes no other.
//   - Everything scales down for tokens that live less than 30 minutes, so that tests can use
//     tokens that live seconds or milliseconds.
//   - An [Observer] and the log handler hold up only themselves. Each has a queue and a goroutine of
//     its own: one that blocks, panics or sleeps delays no token, no connection, no other observer,
//     and Close by a second at most.
//   - The secret is printed by nothing: no format verb, log record, encoding or error message.
//     [Token.Credentials] is the only way to it.
//
// # What it needs
//
// A machine clock that is right within a minute or so: azidentity and Entra tell expiries by it.
// Credentials that keep their own retries are used without them. The Source asks with the claims
// "{}" when the credential's cache stands in the way of a renewal. If the credential refuses the
// claims, or returns the same token, the Source does not use claims for a day. It asks again when
// the cache drops the token, at a random moment between 4:59 and 4:00 minutes before the expiry.
//
// # When something goes wrong
//
// Errors are [ErrClosed], [*RefreshError], [*AuthError] and [*ConfigError]; each says whether a
// retry helps. [Source.Status] is for health checks and lists the Redis servers with their last
// answers, [Observer] is for metrics and traces. Options.Logger gets a line when something is wrong
// while there is a token, one when the last token has expired, and one when all is well again; one
// for each token that a server refuses; each failed attempt only at debug level.
// Without a logger a Source is silent.
package entra
