// Package forward carries the bytes between Redis clients and one cache, on connections to the cache
// that log in and stay logged in by themselves, as those of an entraconn.Dialer do.
//
// # What it promises
//
// A client reads the bytes that the cache sends, and the cache runs the commands that the client sends,
// both in their order. Neither direction waits for the other. At most 16 KiB wait in each: a client
// that does not read holds up the cache, and a cache that does not read holds up the client, as on one
// TCP connection. While both are connected nothing here has a deadline.
//
// The Server dials the cache when the first command of a client arrives, so a connection that stays
// silent costs the cache nothing. If it gets no connection, or the cache refuses the login, the client
// reads one error in place of its first reply, and the connection ends.
//
// The Server takes no secret from a client. AUTH, and HELLO with AUTH, do not reach the cache: the
// client gets the replies to the commands before it and then an error, and the connection ends. So it
// is with bytes that are no commands, because AUTH could hide in them. An inline command reaches the cache
// as an array of bulk strings.
//
// # How a connection ends
//
// The cache closes it: the client reads all replies, and then the end.
//
// The client closes it, or only its sending direction: the Server cannot tell the two apart. The client
// gets the replies to the complete commands it has sent. If it has ever sent a blocking command, the
// connection to the cache ends at once instead: a client that has gone must not pop an element.
//
// The Server drains: a client gets the replies to the commands that the Server has read, and then the
// end. The Server drops the start of a command that it has not sent on, and reads the rest of one
// that it has. Commands that are still in the client's socket are never run.
//
// To end a connection after the last reply, the Server sends QUIT, which Redis answers last of all. The
// client does not see that answer, and entraconn does not take the end that follows for a loss.
package forward
