// Package entratest is the test kit.
package entratest

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"
)

var errSkeleton = errors.New("entratest: not there yet")

type GatewayOptions struct {
	STS        *STS
	Backend    Backend
	TLS        *tls.Config
	MaxClients int
}
type Gateway struct{}

func NewGateway(l net.Listener, opts *GatewayOptions) *Gateway { return &Gateway{} }
func (g *Gateway) Addr() string                                { return "" }
func (g *Gateway) Close() error                                { return nil }
func (g *Gateway) Stats() GatewayStats                         { return GatewayStats{} }
func (g *Gateway) Auths() []Auth                               { return nil }
func (g *Gateway) DropAll() int                                { return 0 }
func (g *Gateway) Inject(WireFault) *FaultHandle               { return nil }

type GatewayStats struct{ Accepted, Open, Logins, Auths, Refused, Expired, Commands int }
type Auth struct {
	At      time.Time
	Conn    int
	TokenID string
	Err     string
}
type WireFault struct {
	RefuseAuth   string
	LoginOnly    bool
	RotationOnly bool
	MaxClients   bool
	RefuseConn   bool
	CutAfter     int
	Delay        time.Duration
	Garbage      []byte
	Count        int
}
type Backend interface{ attach(context.Context) error }
type Miniredis struct{}

func NewMiniredis() *Miniredis                    { return &Miniredis{} }
func (m *Miniredis) attach(context.Context) error { return nil }
func (m *Miniredis) Close()                       {}

type RedisServer struct{}

func StartRedis(ctx context.Context, args ...string) (*RedisServer, error) { return nil, errSkeleton }
func (r *RedisServer) attach(context.Context) error                        { return nil }
func (r *RedisServer) Addr() string                                        { return "" }
func (r *RedisServer) Close() error                                        { return nil }
func RedisAt(addr string, config *tls.Config) Backend                      { return nil }
