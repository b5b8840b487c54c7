// Package slogentra writes a line to a [slog.Logger] for each renewal of a token and for each rotation of
// connections to it. entra.Options.Logger is silent about these: it gets lines when there is trouble, and
// when that is over.
//
//	src, err := entra.NewSource(cred, &entra.Options{
//		Logger:   logger,                         // what goes wrong
//		Observer: slogentra.NewObserver(logger),  // and what goes well
//	})
//
// # What it promises
//
//   - Two lines at level INFO for each token: "entra: token renewed" when it has come, and "entra: connections
//     renewed" when the connections of a pool to a server have it. That is one for each server and pool, at level
//     WARN and with "connections keep the older token" where the server has refused it on some.
//   - Lines at level DEBUG for all else that an [entra.Observer] is told: each call to the credential, each
//     AUTH, each connection that opens, closes or is back, each rotation that begins. A thousand connections
//     that are lost at once are thousands of these lines.
//   - A line has the time of its event, and the context of the event's trace if another observer has put one
//     there: join it behind that with [entra.JoinObservers].
//   - No token, no claim but the object id in user, and no text of an error: the kind of a failure and the
//     codes of Entra and Redis.
//   - A handler that blocks or panics holds up nothing but these lines: see [entra.Observer].
package slogentra
