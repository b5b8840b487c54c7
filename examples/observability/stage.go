package main

import (
	"crypto/tls"
	"net"
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
	redis   *entratest.Miniredis
}

func build(life time.Duration) (*stage, error) {
	sts := entratest.NewSTS(&entratest.STSOptions{Lifetime: life})
	cred, err := sts.ClientSecretCredential()
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
	redis := entratest.NewMiniredis()
	gateway := entratest.NewGateway(listener, &entratest.GatewayOptions{STS: sts, Backend: redis, TLS: server})
	return &stage{addr: gateway.Addr(), tls: client, cred: cred, sts: sts, gateway: gateway, redis: redis}, nil
}

func (s *stage) close() {
	_ = s.gateway.Close() // nothing can be done about either
	_ = s.redis.Close()
}
