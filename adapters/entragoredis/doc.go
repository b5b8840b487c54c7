// Package entragoredis lets go-redis log in to Redis with Microsoft Entra ID, and stay logged in.
//
//	opt := &redis.Options{Addr: "contoso.redis.cache.windows.net:6380", TLSConfig: &tls.Config{}}
//	err := entragoredis.Configure(opt, src, nil)
//	client := redis.NewClient(opt)
//
// [Configure], [ConfigureCluster], [ConfigureRing] and [ConfigureUniversal] check the options and
// set their Dialer, and ClusterSlots if it is set. They change nothing else and dial no server: pool,
// hooks, retries and Close are go-redis's. Call them last, right before go-redis's own constructor, because they read addresses,
// DialTimeout and TLSConfig once. Close clients before their [entra.Source].
//
// Options that cannot work are a [*entra.ConfigError]: other credentials, no TLS to another
// machine, TLS that does not verify the server, a Sentinel, a bad address, a second Configure. So is
// the error of a dial of a node that the server announces and that does not belong to a seed, see
// [Options]. If Redis refuses a login, commands return
// an [*entra.AuthError].
//
// The adapter keeps a Dialer that was set before and calls it for each connection. As in go-redis
// itself it must do TLS, and TLSConfig is not used; the adapter refuses a connection of it without
// TLS unless it and its address are on this machine. Without such a Dialer the adapter dials with
// DialTimeout (0 means go-redis's 5 seconds) for connecting and handshake together, honours the
// context in both, and raises TLSConfig's MinVersion to TLS 1.2 on a copy.
//
// For libraries that make their own options [NewDialer] returns the Dialer alone. [Credentials] and
// [StreamingCredentials] are for those that take no Dialer either: go-redis then authenticates its
// connections itself, and the guarantees of this module do not hold. docs/libraries.md says what is
// left of them, and what can be done with a client that is made already.
package entragoredis
