package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// An azure is what one service depends on: a fake Entra, and caches that check its tokens. It knows what really happened.
type azure struct {
	sts     *entratest.STS
	entra   string // the address of the fake Entra
	caches  []*cache
	closers []io.Closer
}

type cache struct {
	name    string
	gateway *entratest.Gateway
}

// newAzure has tokens live for life. redis stands behind all caches.
func newAzure(redis entratest.Backend, starved func() time.Duration, life time.Duration, caches ...string) (_ *azure, err error) {
	a := &azure{sts: entratest.NewSTS(&entratest.STSOptions{Lifetime: life, Starved: starved})}
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: a.sts, ReadHeaderTimeout: 5 * time.Second}
	a.closers = append(a.closers, server)
	a.entra = listener.Addr().String()
	go func() { _ = server.Serve(listener) }()
	for _, name := range caches {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		gateway := entratest.NewGateway(listener, &entratest.GatewayOptions{STS: a.sts, Backend: redis})
		a.closers = append(a.closers, gateway)
		a.caches = append(a.caches, &cache{name, gateway})
	}
	return a, nil
}

func (a *azure) close() {
	for _, c := range slices.Backward(a.closers) {
		_ = c.Close() // an error while the program ends changes nothing
	}
}

// freeAddr returns an address that was free a moment ago: a service keeps its address when it starts again.
func freeAddr() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), errors.Join(listener.Close())
}
