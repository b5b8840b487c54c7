// Package entraconn puts Microsoft Entra authentication below any Redis client: a net.Conn that understands just
// enough RESP to know where one command ends and the next one begins, sends AUTH there whenever a newer token is
// due, and takes the answer out of the stream again. The client above never knows.
//
//	d := entraconn.NewDialer(src, nil)
//	opt.Dialer = d.DialFunc(dialTLS)   // the client's dial hook, around its own way of dialing
//
// # What it promises
//
// The login is written together with the client's first bytes, with the token that is newest at that moment: no
// extra round trip. When the Source has a newer token, one connection gets it first; once that server has
// accepted it there, the others follow at random moments spread evenly over the time until 3 minutes before the old one
// expires, 10 minutes at most. An AUTH rides in a write of the client, or goes alone if the connection is idle.
// One that is refused leaves its connection as it was, and is tried again.
//
// The client reads exactly the bytes that it would read without any of this, in the same order, and is told exactly
// how many of its own bytes were written. AUTH never goes into a transaction, between a command and the one that it
// modifies (ASKING, CLIENT CACHING, CLIENT REPLY SKIP), behind a blocking command, or where its answer could be
// taken for another. If the stream cannot be understood while an AUTH is unanswered, the connection is closed.
//
// Below a client that subscribes in RESP2, where Redis takes no AUTH, the wire speaks RESP3 while it is subscribed:
// HELLO 3 goes in front of its first SUBSCRIBE, what the server sends is turned back into RESP2, and HELLO 2 goes in
// front of its first command that is not about subscriptions. A server whose answer to HELLO 3 is anything but RESP3 is
// left in RESP2, and is not asked again for an hour, or until no connection to it is open.
//
// A blocking command that could outlive the token is sent with a shorter timeout, and sent again behind the next AUTH
// when the server answers null at the end of it. Elements are popped by the server in one step, as always, and a null
// that comes earlier (CLIENT UNBLOCK) is the client's. What the client writes behind such a command waits until its
// reply was read. Below a client that has said no HELLO, a CLIENT ID goes with the first such command of a connection.
//
// # What it cannot renew
//
// XREAD from $, MONITOR, CLIENT REPLY OFF, an open transaction and protocols that are not RESP are left as they are.
// Those on which nothing is outstanding end with EOF shortly before their token expires, and so does one that waits in an
// XREAD from $; the others are ended by the server then. The observer's ConnClosed says which and why. A connection
// whose client sends an AUTH of its own belongs to the client from then on.
//
// # How it is built
//
// Three layers that can be understood alone: internal/resp finds boundaries in bytes; the Session
// of core/entraconn/internal/session keeps the protocol state of one connection, without I/O or
// locks; Conn does the I/O. For each server address that a Dialer has dialed,
// core/entraconn/internal/rotation decides which connection gets which credential when, and
// core/entraconn/internal/admission which dial may go ahead. No goroutine stays with a connection:
// a server has one while it has connections, and up to four short-lived workers while it rotates.
// What was held back on a connection is sent by a goroutine that lives for that write.
package entraconn
