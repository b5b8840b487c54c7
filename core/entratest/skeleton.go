// Package entratest is the test kit.
package entratest

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

var errSkeleton = errors.New("entratest: not there yet")

type STSOptions struct {
	Lifetime, RefreshIn time.Duration
	ObjectID            string
}
type STS struct{}

func NewSTS(opts *STSOptions) *STS                                     { return &STS{} }
func (s *STS) ServeHTTP(http.ResponseWriter, *http.Request)            {}
func (s *STS) Do(*http.Request) (*http.Response, error)                { return nil, errSkeleton }
func (s *STS) ClientOptions() azcore.ClientOptions                     { return azcore.ClientOptions{} }
func (s *STS) ClientSecretCredential() (azcore.TokenCredential, error) { return nil, errSkeleton }
func (s *STS) Credential() azcore.TokenCredential                      { return nil }
func (s *STS) SetLifetime(time.Duration)                               {}
func (s *STS) SetRefreshIn(time.Duration)                              {}
func (s *STS) Inject(Fault) *FaultHandle                               { return nil }
func (s *STS) Issued() int                                             { return 0 }
func (s *STS) Requests() []Request                                     { return nil }
func (s *STS) Verify(token string) (Claims, error)                     { return Claims{}, errSkeleton }

type Request struct {
	At       time.Time
	Endpoint Endpoint
	Form     url.Values
	Header   http.Header
}
type Claims struct {
	ObjectID, TokenID   string
	IssuedAt, ExpiresOn time.Time
}
type Endpoint string

const (
	Discovery  Endpoint = "discovery"
	Keys       Endpoint = "keys"
	Token      Endpoint = "token"
	IMDS       Endpoint = "imds"
	IMDSProbe  Endpoint = "imds_probe"
	AppService Endpoint = "app_service"
	Direct     Endpoint = "direct"
)

type Fault struct {
	Endpoint            Endpoint
	Status              int
	RetryAfter          string
	Body                string
	Hang                bool
	HangIgnoringContext bool
	Delay               time.Duration
	Refuse              bool
	Token               string
	NoObjectID          bool
	Repeat              bool
	Claims              map[string]any
	Count               int
}
type FaultHandle struct{}

func (h *FaultHandle) Hits() int                      { return 0 }
func (h *FaultHandle) Wait(ctx context.Context) error { return errSkeleton }
func (h *FaultHandle) Remove()                        {}

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

type Network struct{}

func NewNetwork() *Network                                  { return &Network{} }
func (n *Network) Listen(addr string) (net.Listener, error) { return nil, errSkeleton }
func (n *Network) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return nil, errSkeleton
}
func TLSConfigs(hosts ...string) (server, client *tls.Config, err error) {
	return nil, nil, errSkeleton
}
