// Package entrarueidis lets rueidis log in to Redis with Microsoft Entra ID, and stay logged in.
//
//	opt := rueidis.ClientOption{InitAddress: []string{"contoso.redis.cache.windows.net:6380"}, TLSConfig: &tls.Config{}}
//	err := entrarueidis.Configure(&opt, src, nil)
//	client, err := rueidis.NewClient(opt)
//
// [Configure] checks the option and sets its DialCtxFn; it changes nothing else and dials nothing. Call it last,
// right before rueidis.NewClient. It serves single nodes, clusters and Standalone replicas alike; rueidis finds
// out which, as always. Everything else, Close included, stays rueidis's. Close clients before their
// [entra.Source].
//
// What is wrong comes back as [*entra.ConfigError]: credentials set as well, no TLS to another machine, a
// Sentinel (Azure has none), an empty address. What Redis refuses comes out of commands as [*entra.AuthError].
//
// A DialCtxFn or DialFn that was set before is kept and called for each connection. As in rueidis itself it must
// do TLS with the configuration that it is handed; a connection of it without TLS is refused unless it stays on
// this machine. Otherwise the adapter dials with ClientOption.Dialer, whose Timeout then bounds connecting and
// handshake together, and raises TLSConfig's MinVersion to TLS 1.2 on a copy. DisableTCPNoDelay has an effect
// only on connections that the adapter dials.
package entrarueidis
