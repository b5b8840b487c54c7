package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/gomodule/redigo/redis"
)

// tokenLife is that of the embedded Entra's tokens: short enough to see five of them come and go in the time
// that a person likes to watch.
const tokenLife = 4 * time.Second

// A stage is what the clients play on: a Redis and a credential for it.
type stage struct {
	name      string
	addr      string
	tls       *tls.Config
	cred      azcore.TokenCredential
	refuse    func()               // makes the server refuse new tokens on open connections; nil with Azure
	expired   func() int           // connections that the server has closed because their token expired; nil with Azure
	starved   func() time.Duration // how long in all the machine has kept the program from running; nil with Azure
	closeFunc func()
}

func (s *stage) close() { s.closeFunc() }

// build returns the stage that the plan asks for. The caller closes it.
func build(p plan) (*stage, error) {
	if p.azure != "" {
		return azure(p.azure)
	}
	return embedded(p.redis)
}

func azure(addr string) (*stage, error) {
	cred, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return nil, err
	}
	return &stage{name: "Azure", addr: addr, tls: &tls.Config{}, cred: cred, closeFunc: func() {}}, nil
}

// embedded runs a fake Entra without sockets, and in front of miniredis or the redis-server at addr a gateway
// that checks tokens as Azure does.
func embedded(addr string) (*stage, error) {
	if addr != "" {
		if err := ping(addr); err != nil {
			return nil, fmt.Errorf("-redis %s: %w; start a redis-server there that asks for no password, or leave -redis out", addr, err)
		}
	}
	mini := entratest.NewMiniredis()
	name, backend := "a gateway over miniredis", entratest.Backend(mini)
	if addr != "" {
		name, backend = "a gateway over "+addr, entratest.RedisAt(addr, nil)
	}
	watchdog, err := entratest.NewWatchdog(backend)
	if err != nil {
		return nil, err
	}
	s, err := watched(name, backend, watchdog)
	if err != nil {
		closeQuietly(watchdog)
		closeQuietly(mini)
		return nil, err
	}
	closeGateway := s.closeFunc
	s.closeFunc = func() {
		closeGateway()
		closeQuietly(watchdog)
		closeQuietly(mini)
	}
	return s, nil
}

// ping asks a redis-server whether it is there. Behind the gateway a client would see its connection end, and not why.
func ping(addr string) error {
	const timeout = 5 * time.Second
	conn, err := redis.Dial("tcp", addr, redis.DialConnectTimeout(timeout), redis.DialReadTimeout(timeout), redis.DialWriteTimeout(timeout))
	if err != nil {
		return err
	}
	defer closeQuietly(conn)
	_, err = conn.Do("PING")
	return err
}

// watched is embedded over a backend. No token expires because the machine is busy: the watchdog tells for how long.
func watched(name string, backend entratest.Backend, watchdog *entratest.Watchdog) (*stage, error) {
	sts := entratest.NewSTS(&entratest.STSOptions{Lifetime: tokenLife, Starved: watchdog.Starved})
	options := azidentity.ClientSecretCredentialOptions{ClientOptions: sts.ClientOptions()}
	cred, err := azidentity.NewClientSecretCredential(entratest.TenantID, entratest.ClientID, entratest.ClientSecret, &options)
	if err != nil {
		return nil, err
	}
	server, client, err := entratest.TLSConfigs("127.0.0.1")
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	gateway := entratest.NewGateway(listener, &entratest.GatewayOptions{STS: sts, Backend: backend, TLS: server})
	return &stage{
		name: name,
		addr: gateway.Addr(),
		tls:  client,
		cred: cred,
		refuse: func() {
			gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS invalid username-password pair", RotationOnly: true})
		},
		expired:   func() int { return gateway.Stats().Expired },
		starved:   watchdog.Starved,
		closeFunc: func() { closeQuietly(gateway) },
	}, nil
}

// closeQuietly is for connections and clients: if one of them broke, the command before has said so.
func closeQuietly(c io.Closer) { _ = c.Close() }
