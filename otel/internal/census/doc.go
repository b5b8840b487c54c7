// Package census counts a program's connections to Redis by the token that they hold, from the
// events of an [entra.Observer]. Metrics and the live page read the same count here, so that they
// never disagree.
//
// # What it promises
//
//   - [Census.Snapshot] is a value of its own: nothing changes it afterwards, and it may be kept.
//     Pools are sorted.
//   - Its cost depends on the number of pools, and of tokens in use at once (two or three), not on
//     the number of connections: connections with the same token are one count. A pool of 10,000
//     connections takes less than a microsecond.
//   - To take in an AUTH costs two map look-ups and no allocation, however many connections there
//     are. Nothing blocks but one mutex, which is held for that long and never over a call.
//   - A pool is the connections with the same library, name and server, which are the labels of
//     metrics. It exists from its first connection on. After the last one has closed it stays, with
//     zeros, so that a graph goes to zero instead of ending. A Census keeps the 64 pools that
//     became empty last.
//   - It holds moments and counts: no token, no claim, no text of an error.
//
// # What it needs
//
// One Census belongs to one Source. The newest token of all its events decides which connections
// are behind, so two Sources that report to one Census would make each other's connections look
// stale.
//
// Clients that share library, name and server are one pool, and two of their connections may have
// the same number. They are told apart by their tokens, which is enough to count them.
//
// # What it cannot know
//
// It learns IssuedAt and RenewBy of a token from the first AUTH that carries it; until then both
// are zero. A connection that becomes impossible to renew while a rotation is under way counts as
// pending until that rotation ends.
package census
