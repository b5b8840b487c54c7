// Package entragoredis lets go-redis log in to Redis with Microsoft Entra ID, and stay logged in.
//
//	opt := &redis.Options{Addr: "contoso.redis.cache.windows.net:6380", TLSConfig: &tls.Config{}}
//	err := entragoredis.Configure(opt, src, nil)
//	client := redis.NewClient(opt)
//
// [Configure], [ConfigureCluster], [ConfigureRing] and [ConfigureUniversal] check the options and set their
// Dialer; they change nothing else and dial nothing. Call them last, right before go-redis's own constructor:
// they read addresses, DialTimeout and TLSConfig once. Everything else, Close included, stays go-redis's. Close
// clients before their [entra.Source].
//
// Mistakes come back as [*entra.ConfigError]: other credentials, no TLS to another machine, a Sentinel, a bad address,
// a second Configure. What Redis refuses comes out of commands as [*entra.AuthError].
//
// A Dialer that was set before is kept and called for each connection. As in go-redis itself it must do TLS, and
// TLSConfig is not used; a connection of it without TLS is refused unless it and its address are on this machine.
// Otherwise the adapter dials with DialTimeout (0 means go-redis's 5 seconds) for connecting and handshake
// together, honours the context in both, and raises TLSConfig's MinVersion to TLS 1.2 on a copy.
package entragoredis
