// Package rawclients compares a connection that logs in with tokens with a plain one, byte for byte.
//
// Raw clients write what a seed says: any command of the server's own COMMAND DOCS, and bytes that
// are no commands, cut anywhere. They play a [Script] against two equal servers. On one their
// connections are plain. On the other they are made by a Dialer of core/entraconn whose Source has a
// newer token every few milliseconds. Every byte that the clients read must be the same, or one of
// [Limits] explains the difference. docs/guarantees.md lists the same limits.
//
//   - script.go: what the clients write, as data that can be printed and read back.
//   - catalogue.go: the commands of a server, as it describes them.
//   - arguments.go: plausible arguments for a command.
//   - generator.go: a script from a seed.
//   - excluded.go: what is not generated, and what is not compared to the byte, each with a reason.
//   - player.go, rawclient.go, site.go: play a script on one server.
//   - frames.go, comparer.go: compare two plays.
//   - limits.go: what may differ.
//   - shrinker.go: the smallest script that still differs.
package rawclients
