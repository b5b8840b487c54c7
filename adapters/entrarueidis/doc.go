// Package entrarueidis lets rueidis log in to Redis with Microsoft Entra ID, and stay logged in.
//
//	opt := rueidis.ClientOption{InitAddress: []string{"contoso.redis.cache.windows.net:6380"}, TLSConfig: &tls.Config{}}
//	err := entrarueidis.Configure(&opt, src, nil)
//	client, err := rueidis.NewClient(opt)
//
// [Configure] checks the option and sets its DialCtxFn. It changes nothing else and dials no
// server: connections, retries and Close are rueidis's. Call it last, right before
// rueidis.NewClient. It serves single nodes, clusters and Standalone replicas alike; rueidis finds
// out which, as always. Close clients before their [entra.Source].
//
// Options that cannot work are a [*entra.ConfigError]: other credentials, no TLS to another
// machine, TLS that does not verify the server, a Sentinel, a bad address, a second Configure. So is
// the error of a dial of a node that the server announces and that does not belong to a seed, see
// [Options]. If Redis refuses a login, commands return
// an [*entra.AuthError].
//
// A DialCtxFn or DialFn that was set before is kept and called for each connection. As in rueidis
// itself it must do TLS with the configuration that it is handed; a connection of it without TLS is
// refused unless it and its address are on this machine. Otherwise the adapter dials with
// ClientOption.Dialer, whose Timeout then bounds connecting and handshake together. In both cases
// the configuration is a copy of TLSConfig with MinVersion raised to TLS 1.2. DisableTCPNoDelay has
// an effect only on connections that the adapter dials. rueidis dials unix sockets through dial
// functions only, as rueidis.ParseURL sets one.
package entrarueidis
