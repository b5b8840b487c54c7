// Package census counts a program's connections to Redis by the token that they hold, from what an [entra.Observer]
// is told. Metrics and the live page read the same count here, so that they never disagree.
//
// # What it promises
//
//   - [Census.Snapshot] is a value of its own: nothing changes it afterwards, and it may be kept. Pools are sorted.
//   - Its cost depends on the number of pools, and of tokens in use at once (two or three), not on the number of
//     connections: whoever holds the same token is counted together. A pool of 10,000 connections takes less than a
//     microsecond.
//   - To take in an AUTH costs two map look-ups and no allocation, however many connections there are. Nothing
//     blocks but one mutex, which is held for that long and never over a call.
//   - A pool is what has the same library, the same name and the same server: the three that metrics tell apart. It
//     is there from its first connection on. When the last one has closed it stays, with zeros, so that a graph goes
//     to zero instead of ending; of such empty pools the 64 that emptied last are kept.
//   - It holds moments and counts: no token, no claim, no text of an error.
//
// # What it needs
//
// One Census belongs to one Source. Which token is the newest, and so which connections are behind, is asked of
// everything that the Census is told; two Sources that report to one would make each other's connections look
// stale.
//
// Clients that share library, name and server are one pool, and two of their connections may have the same number.
// They are told apart by their tokens, which is enough to count them.
//
// # What it cannot know
//
// It learns IssuedAt and RenewBy of a token from the first AUTH that carries it; until then both are zero. A connection
// that becomes impossible to renew while a rotation is under way counts as pending until that rotation ends.
package census
