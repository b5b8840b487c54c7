// Package entraredigo lets redigo log in to Redis with Microsoft Entra ID, and stay logged in.
//
//	pool := &redis.Pool{MaxIdle: 10}
//	err := entraredigo.Configure(pool, "contoso.redis.cache.windows.net:6380", src, nil)
//
// [Configure] checks the settings and sets the pool's DialContext; [DialContext] returns that
// function alone. They change nothing else and dial no server: pool and Close are redigo's. Close
// pools and connections before their [entra.Source].
//
// Settings that cannot work are a [*entra.ConfigError]: credentials set as well, no TLS to another
// machine, TLS that does not verify the server, an empty address. If Redis refuses a login, commands
// return an [*entra.AuthError]. If the server has closed an idle connection, redigo returns that
// error to a caller; set the pool's TestOnBorrow against that, as without Entra.
//
// Connecting and writes have timeouts, and TCP keep-alive ends a connection whose server is gone, see
// [Options]. Reads have none, because redigo would apply it to BLPOP and Receive too: give each
// command one with redis.DoContext or redis.DoWithTimeout.
package entraredigo
