// Package entraredigo lets redigo log in to Redis with Microsoft Entra ID, and stay logged in.
//
//	pool := &redis.Pool{MaxIdle: 10}
//	err := entraredigo.Configure(pool, "contoso.redis.cache.windows.net:6380", src, nil)
//
// [Configure] checks the settings and sets the pool's DialContext; [DialContext] gives that function alone. They
// change nothing else and dial nothing. Everything else, Close included, stays redigo's. Close pools and
// connections before their [entra.Source].
//
// What is wrong comes back as [*entra.ConfigError]: credentials set as well, no TLS to another machine, an empty
// address. What Redis refuses comes out of commands as [*entra.AuthError]. redigo shows its caller when the server
// has closed an idle connection; set the pool's TestOnBorrow against that, as without Entra.
package entraredigo
