// Package rotation decides which connection gets which credential, and when.
//
// A credential is an access token, encoded as the AUTH command that carries it. When an
// [entra.Source] has a newer one, it must reach every open connection before the old one expires,
// without all of them sending it at once. That is a rotation:
//
//  1. One connection, the canary, gets the new credential first. It is one that is not barred, if
//     there is one. If the server refuses the credential, or does not answer, another canary follows
//     later, and the others keep what they have.
//  2. Once the server has accepted it, each of the others gets a slot: they are spread evenly over
//     a window that ends before the old token needs it, see [Window] and [Slot].
//  3. In its slot an AUTH becomes due on the connection. The next write of the client takes it
//     along. If there is none within [Linger], a worker writes it alone and looks for the answer,
//     because no client reads an idle connection.
//  4. The server accepts it, and the connection leaves the rotation. If the server refuses it, it
//     becomes due again after [RetryDelay].
//  5. A connection that cannot be renewed is retired shortly before its token expires.
//
// # Who does what
//
// A [Server] stands for one server address. Its goroutine lives while there are connections; it
// sleeps until the next task on its agenda, until there is a newer token, or until something else
// changes. Up to four workers live while there are visits to make. No goroutine belongs to a
// connection, and no connection has a task but for a moment that is known: its slot, the end of its
// linger, the next look for an answer that no client reads, the end of a slice, its retirement.
// What waits for the client is no task. The [Conn] sees the read or the write that it waits for,
// and calls [Server.Continue] then. Ten minutes after its last connection a Server forgets the
// credentials, but not whether the server has accepted the newest.
//
// The package does no I/O. It sees a connection as a [Conn], and what it remembers of one is a
// [Member]. When something happens is computed by pure functions of times and a random number, all
// in timing.go.
//
// # Locks
//
// Server.mu guards a Server, its rotation and its Members. While it is held, only these are locked:
// Credentials.mu, what Conn.Accepted, Conn.CurrentBar and Conn.SetDue lock, and the queues of the
// Source that take an event. So these must not call the Server, and a caller of a Server must hold
// no lock that they need.
package rotation
