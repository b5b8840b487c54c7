// Package entraconn puts Microsoft Entra authentication below any Redis client: a net.Conn that
// understands just enough RESP to know where one command ends and the next one begins. It sends AUTH
// there when a newer token is due, and takes the answer out of the stream again. The client above
// does not notice. The package is for adapters, and for clients that have none: programs with
// go-redis, rueidis or redigo use an adapter.
//
//	d := entraconn.NewDialer(src, nil)
//	opt.Dialer = d.DialFunc(dialTLS)   // the client's dial hook, around its own way of dialing
//
// # What it promises
//
// The login is written together with the client's first bytes, with the token that is newest at that
// moment: no extra round trip. When the Source has a newer token, one connection gets it first. Once
// the server has accepted it there, the others follow at random moments, spread evenly over the time
// until 3 minutes before the old token expires, 10 minutes at most. An AUTH rides in a write of the
// client, or goes alone if the connection is idle. An AUTH that the server refuses leaves its
// connection as it was, and is tried again.
//
// The client reads exactly the bytes that it would read without us, in the same order. Write returns
// exactly how many of the client's own bytes were written. AUTH never goes into a transaction,
// between a command and the one that it modifies (ASKING, CLIENT CACHING, CLIENT REPLY SKIP), after a
// blocking command, or where its answer could be taken for another. If the stream cannot be
// understood while an AUTH is in flight, the connection is closed.
//
// Redis from 7.2 and Valkey from 8.1 give an AUTH that they refuse no answer while they have other
// replies to send. Where that could be, a HELLO without arguments goes out right after the AUTH,
// and its answer shows whether the AUTH had one.
//
// Redis takes no AUTH from a client that subscribes in RESP2. Below such a client the wire speaks
// RESP3 while it is subscribed: HELLO 3 goes out before its first SUBSCRIBE, what the server sends is
// translated into RESP2, and HELLO 2 goes out before its first command that is not about
// subscriptions. A server that does not answer HELLO 3 in RESP3 is left in RESP2, and is not asked
// again for an hour, or until no connection to it is open.
//
// A blocking command that could outlive the token is sent with a shorter timeout. If the server
// answers null at the end of that, it is sent again after the next AUTH. Elements are popped by the
// server in one step, as always, and a null that comes earlier (CLIENT UNBLOCK) is the client's. What
// the client writes after such a command waits until the reply to it was read. Below a client that
// has said no HELLO, a CLIENT ID goes out with the first such command of a connection. An XREAD from
// $ that could outlive the token waits for one round trip: an XINFO STREAM asks where the stream
// ends, and the ID that the server answers goes out instead of $.
//
// A token goes to another machine over TLS only, unless Options.AllowPlaintext is set. A Conn and a
// Dialer show no token to fmt, encoders, loggers and dumpers, at any moment. What the
// server says of an AUTH is scrubbed of the token, and of every 12 bytes of it, before it goes into
// an error or an event.
//
// # What it cannot renew
//
// MONITOR, CLIENT REPLY OFF, an open transaction, protocols that are not RESP and blocking commands
// that cannot be sent twice (a long WAIT, or XREAD from $ where XINFO STREAM is forbidden) are left as
// they are. Such a connection ends with EOF shortly before its token expires if nothing is in flight on
// it, or only such a command that takes nothing out of the server. The server closes the others when
// the token expires. The observer's ConnClosed says which and why. A connection that its client leaves
// right after ASKING, CLIENT CACHING or CLIENT REPLY SKIP gets no AUTH before its next command. A
// connection whose client logs in as another user belongs to the client from then on, and the log says so once for each Dialer. After
// a login of the client's own as our user, the newest token follows at once: the server counts the
// life of the last one.
//
// # How it is built
//
// docs/design.md says which package decides what. No goroutine stays with a connection: a server has
// one while it has connections, and up to four short-lived workers while it rotates. What was held
// back on a connection is sent by a goroutine that lives for that write.
//
// Whatever a server sends, a connection keeps less than 64 KiB of memory for it. It holds back a
// mebibyte at most of what its client writes, and as much of a call that is sent in slices.
//
// # Its locks
//
// A goroutine takes locks in this order, and may leave any out:
//
//  1. Conn.wmu: one goroutine writes to the server. It is held over I/O.
//  2. Conn.rmu: one goroutine reads from the server. It is held over I/O.
//  3. server.mu: the login gate and the dial spreading of a server.
//  4. The locks of package rotation.
//  5. Conn.mu: the session and all other state of a connection. It is never held over I/O.
//  6. The locks of package deadline and of the Source's queues of events, below which none of the
//     others is taken.
//
// A goroutine that holds wmu takes rmu only with TryLock. A worker of the rotation takes both only
// with TryLock: a client waits for no worker, and no worker for a client.
//
// A function whose name ends in Locked needs a lock, which its comment names: "It needs Conn.mu."
package entraconn
