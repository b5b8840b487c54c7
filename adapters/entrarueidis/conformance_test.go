package entrarueidis_test

import (
	"context"
	"crypto/tls"
	"net"
	"testing"

	"github.com/entraredis/entraredis/adapters/adaptertest"
	"github.com/entraredis/entraredis/adapters/entrarueidis"
	"github.com/entraredis/entraredis/internal/confirmation"
	"github.com/redis/rueidis"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	h := harness()
	if _, isNewer := any(rueidis.Completed{}).(interface{ UnblockOnCancel() rueidis.Completed }); !isNewer {
		for _, scenario := range []string{
			"AUTH refused at login", "AUTH refused at login in other words", "AUTH refused by a server without passwords", "server full",
			"context ends while waiting for a token", "credential rejected", "credential that never answers", "token without oid",
		} {
			h.Lacks[scenario] = "this version of rueidis returns no client while it cannot connect"
		}
	}
	adaptertest.Run(t, h)
}

func TestDocumentsWhatTheSuiteRuns(t *testing.T) {
	adaptertest.CheckMatrix(t, harness(), "../../docs/adapters.md")
}

func harness() adaptertest.Harness {
	return adaptertest.Harness{Library: "rueidis", Protocols: []int{2, 3}, Open: open, Dial: dial, Lacks: map[string]string{
		"maintenance notifications":   "rueidis does not ask for them",
		"user without +hello":         "rueidis sends HELLO itself, in RESP2 too",
		"subscription cut off, RESP2": "rueidis never notices in RESP2 that the connection of a subscription has ended, see upstream.md",
	}}
}

func configured(cfg adaptertest.Config) (rueidis.ClientOption, error) {
	opt := rueidis.ClientOption{
		InitAddress: []string{cfg.Addr}, TLSConfig: cfg.TLS, AlwaysRESP2: cfg.Protocol == 2, DisableCache: cfg.Protocol == 2,
		// miniredis answers CLUSTER SLOTS, and would be taken for a cluster.
		ForceSingleClient: true,
		BlockingPoolSize:  cfg.Conns, DisableAutoPipelining: cfg.OneByOne,
		Dialer: net.Dialer{KeepAlive: -1}, // no PINGs: what is idle shall be idle
	}
	if cfg.Timeout > 0 {
		opt.Dialer.Timeout, opt.ConnWriteTimeout = cfg.Timeout, cfg.Timeout
	}
	if cfg.Conns > 100 { // they would have a megabyte each
		opt.ReadBufferEachConn, opt.WriteBufferEachConn, opt.RingScaleEachConn = 4<<10, 4<<10, 4
	}
	if cfg.Dial != nil {
		opt.DialCtxFn = func(ctx context.Context, addr string, _ *net.Dialer, _ *tls.Config) (net.Conn, error) {
			return cfg.Dial(ctx, "tcp", addr)
		}
	}
	err := entrarueidis.Configure(&opt, cfg.Source, &entrarueidis.Options{Name: cfg.Name, AllowPlaintext: cfg.Dial != nil, SeparateLogin: cfg.SeparateLogin})
	return opt, err
}

func open(_ context.Context, cfg adaptertest.Config) (adaptertest.Client, error) {
	opt, err := configured(cfg)
	if err != nil {
		return nil, err
	}
	var confirmations confirmation.Watch
	watch(&opt, &confirmations)
	made, err := rueidis.NewClient(opt)
	if !isUsable(made) {
		return nil, err
	}
	return &client{conn{made}, &confirmations}, nil // with ForceSingleClient it is usable although it could not connect
}

// watch has confirmations read along what the client's connections receive.
func watch(opt *rueidis.ClientOption, confirmations *confirmation.Watch) {
	dial := opt.DialCtxFn
	opt.DialCtxFn = func(ctx context.Context, addr string, d *net.Dialer, config *tls.Config) (net.Conn, error) {
		c, err := dial(ctx, addr, d, config)
		if err != nil {
			return nil, err
		}
		return confirmations.Conn(c), nil
	}
}

func dial(ctx context.Context, cfg adaptertest.Config) (net.Conn, error) {
	opt, err := configured(cfg)
	if err != nil {
		return nil, err
	}
	return opt.DialCtxFn(ctx, cfg.Addr, &opt.Dialer, opt.TLSConfig)
}
