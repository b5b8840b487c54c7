// Package session keeps the protocol state of one connection to Redis, into whose commands AUTHs
// are put and out of whose replies their answers are taken. Bytes go in; bytes and intents come
// out: edits to what the client writes, verdicts on AUTHs, what must be held back until when, and
// why a connection cannot be renewed.
//
// Its one promise: the client reads exactly the bytes that it would read without any AUTH of ours,
// in the same order, or the connection ends. What a [Session] does not understand makes it stop
// looking, which is safe unless an AUTH of ours is in flight: then [Session.Received] returns
// [ErrDesync].
//
// It does no I/O and reads no clock, takes no lock and starts no goroutine, and knows no token and
// no observer. Its caller holds a lock around each call, does what a Session says, and tells it the
// time through an [Environment].
//
// # Writing
//
// What the client writes goes through [Session.TakeOrdinary], which takes nearly all of it as it
// is, and else through [Session.Plan], which returns edits. A write of which not a byte went out is
// taken back with [Session.Retract]. Each CLIENT UNBLOCK in it is for the session of another
// connection, see [Unblock]. Where [Session.HoldsBack] reports true nothing may be
// written until [Session.Ready] does.
//
// # Reading
//
// What the server sends goes through [Session.TakeExpected], which takes nearly all of it as it is,
// and then through [Session.Received]. What an error in answer to an AUTH means is decided here too
// ([AuthFailure]): it depends on the same counting of replies, for an error that can only be about
// another command says that the counting is wrong. A server may refuse an AUTH without an answer,
// so a marker follows it where that could be: HELLO without arguments.
//
// # Where AUTH may go
//
// Three questions look alike, and each has its method:
//
//   - May AUTH go in at this byte? [Session.MayAuth] goes by everything that bars it. After a command
//     that gives no reply unless it is refused, it waits for the reply that proves the count, if one
//     is on its way.
//   - Is it barred for long? [Session.BarredBy] names a [Reason] for that. A SUBSCRIBE or a HELLO
//     in flight bars AUTH and is no reason, because its answer is on its way.
//   - May the connection end now, because it cannot have an AUTH before its token expires?
//     [Session.MayRetire]. That is so for ever, or it is a subscriber in RESP2, which hardly ends all
//     its subscriptions now, or waits in a blocking command that is not in slices.
//
// What bars AUTH until a reply comes is an entryKind in the ledger: awaitedBy says which command
// has it, barsAuth whether it bars AUTH, and ledger.barredBy for which Reason if that may take
// long. What bars AUTH for ever sets Session.unrenewable, or ends the tracking of the command
// stream. What else bars it stands in MayAuth.
package session
