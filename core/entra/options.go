package entra

import "log/slog"

// DefaultScope is what Azure Cache for Redis and Azure Managed Redis take tokens for, in every Azure cloud.
const DefaultScope = "https://redis.azure.com/.default"

// Options configure a [Source]. The zero value, or nil, suits everybody whose tokens carry an oid claim.
type Options struct {
	// Scope to ask tokens for; empty means DefaultScope. The same scope under its application id is
	// "acca5fbb-b7e4-4009-81f1-37e38fd66d78/.default", for when a tenant does not know the name.
	Scope string

	// Username is the Redis user to log in as; empty means the oid claim of the token, which is the object id
	// of the user, service principal or managed identity. Set it where tokens carry none.
	Username string

	// Observer is told what the Source and all connections fed from it do; nil means nobody. It is copied:
	// changing it later has no effect.
	Observer *Observer

	// Logger gets one line when tokens begin to fail or a server refuses one (Warn), one when there is none left
	// (Error), and one when all is well again (Info), a Warn when the credential changes its identity, and each failed
	// attempt at Debug; nil means none. No secret, no claim but the object id, and no response body is ever in them.
	Logger *slog.Logger
}
