package main

import (
	"crypto/tls"
	"io"
	"net"
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/entraredis/entraredis/core/entratest"
)

// A stage stands for Azure: a fake Entra without sockets, and in front of miniredis a gateway that checks tokens as
// Azure does.
type stage struct {
	addr    string
	tls     *tls.Config
	cred    azcore.TokenCredential
	sts     *entratest.STS
	gateway *entratest.Gateway
	closers []io.Closer
}

// build returns a stage whose tokens live for life. None expires because the machine is busy: a watchdog tells for how
// long.
func build(life time.Duration) (_ *stage, err error) {
	s := &stage{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	redis := entratest.NewMiniredis()
	s.closers = append(s.closers, redis)
	watchdog, err := entratest.NewWatchdog(redis)
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, watchdog)
	s.sts = entratest.NewSTS(&entratest.STSOptions{Lifetime: life, Starved: watchdog.Starved})
	s.cred, err = s.sts.ClientSecretCredential()
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
	s.gateway = entratest.NewGateway(listener, &entratest.GatewayOptions{STS: s.sts, Backend: redis, TLS: server})
	s.closers = append(s.closers, s.gateway)
	s.addr, s.tls = s.gateway.Addr(), client
	return s, nil
}

func (s *stage) close() {
	for _, c := range slices.Backward(s.closers) {
		_ = c.Close() // an error while the program ends changes nothing
	}
}
