// Package clients shows entraredis below clients that have no adapter, in libraries that stand on go-redis, and with tokens
// that are not Entra's. docs/clients.md, docs/libraries.md and docs/tokens.md show its files whole: paste what you need. The
// tests run each of them for hours of virtual time against core/entratest.
package clients
