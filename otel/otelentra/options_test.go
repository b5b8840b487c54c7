package otelentra_test

import (
	"errors"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/semconv/v1.30.0"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/otel/otelentra"
)

func TestWrongOptionsSayWhatToDo(t *testing.T) {
	tests := []struct {
		name  string
		opt   otelentra.Option
		field string // empty if it is fine
	}{
		{"no policy", otelentra.WithSpans(17), "otelentra.WithSpans"},
		{"a source that is none", otelentra.WithTokenSource("cli"), "otelentra.WithTokenSource"},
		{"no name", otelentra.WithIdentityName(""), "otelentra.WithIdentityName"},
		{"attribute without a key", otelentra.WithAttributes(attribute.String("", "x")), "otelentra.WithAttributes"},
		{"attribute of ours", otelentra.WithAttributes(attribute.String("server.address", "x")), "otelentra.WithAttributes"},
		{"attribute of the network", otelentra.WithAttributes(attribute.String("network.peer.address", "x")), "otelentra.WithAttributes"},
		{"a group that is none", otelentra.WithMetrics(otelentra.MetricsAll + 1), "otelentra.WithMetrics"},
		{"attribute of the program", otelentra.WithAttributes(attribute.String("tenant", "a")), ""},
		{"nil providers", otelentra.WithTracerProvider(nil), ""},
		{"nothing", otelentra.Option{}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			obs, err := otelentra.NewObserver(test.opt)
			if test.field == "" {
				if err != nil || obs == nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			var config *entra.ConfigError
			if !errors.As(err, &config) || config.Field != test.field || obs != nil {
				t.Errorf("%v and %v, want a *entra.ConfigError for %s", obs, err, test.field)
			}
		})
	}
}

func TestAttributesOfTheProgramAreOnEverySignal(t *testing.T) {
	tel := newTelemetry(t, otelentra.WithAttributes(attribute.String("tenant", "a")), otelentra.WithIdentityName("billing"))
	everything(tel)
	for name, m := range tel.metrics() {
		if !strings.Contains(strings.Join(seen(m).attributes, " "), "tenant") {
			t.Errorf("%s lacks it", name)
		}
	}
	if !tel.records {
		return
	}
	for _, s := range tel.spans.Ended() {
		tel.has(s, "tenant", "a")
	}
	tel.has(tel.one("rotate connections"), "entraredis.identity.name", "billing")
	tel.has(tel.named("refresh token")[0], "entraredis.identity.name", "billing")
}

func TestAddressesBecomeAttributes(t *testing.T) {
	tests := []struct {
		conn             entra.ConnInfo
		host, port, pool string
		span             string
	}{
		{entra.ConnInfo{Pool: "cache", ServerAddr: "a.example:10000"}, "a.example", "10000", "cache", "AUTH a.example:10000"},
		{entra.ConnInfo{ServerAddr: "a.example:6380"}, "a.example", "6380", "a.example:6380", "AUTH a.example:6380"},
		{entra.ConnInfo{ServerAddr: "[2001:db8::1]:6380"}, "2001:db8::1", "6380", "[2001:db8::1]:6380", "AUTH [2001:db8::1]:6380"},
		{entra.ConnInfo{ServerAddr: "/run/redis.sock"}, "/run/redis.sock", "", "/run/redis.sock", "AUTH /run/redis.sock"},
		{entra.ConnInfo{ServerAddr: "10.0.0.9:13001", PoolAddr: "a.example:6380"}, "a.example", "6380", "a.example:6380", "AUTH a.example:6380"},
	}
	for _, test := range tests {
		tel := newTelemetry(t)
		tel.login(t.Context(), test.conn, entra.TokenTimes{}, nil)
		if !tel.records {
			continue
		}
		auth := tel.one("AUTH")
		tel.has(auth, "server.address", test.host, "server.port", test.port, "db.client.connection.pool.name", test.pool,
			"entraredis.server", test.conn.ServerAddr)
		if auth.Name() != test.span {
			t.Errorf("the span is called %q, want %q", auth.Name(), test.span)
		}
	}
}

// A named address is one of a network of its own.
type namedAddr string

func (namedAddr) Network() string  { return "pipe" }
func (a namedAddr) String() string { return string(a) }

func TestSpansSayWhatADialHasReached(t *testing.T) {
	tests := []struct {
		name          string
		peer          net.Addr
		address, port string
	}{
		{"IPv4", &net.TCPAddr{IP: net.IPv4(10, 1, 2, 80), Port: 6380}, "10.1.2.80", "6380"},
		{"IPv6", &net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 10000}, "2001:db8::1", "10000"},
		{"Unix socket", &net.UnixAddr{Name: "/run/redis.sock", Net: "unix"}, "/run/redis.sock", ""},
		{"an address of IP in another type", namedAddr("10.1.2.81:13001"), "10.1.2.81", "13001"},
		{"what is no address of IP", namedAddr("pipe"), "", ""},
		{"unknown", nil, "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tel := newTelemetry(t)
			c := conn(1)
			c.RemoteAddr = test.peer
			ctx := tel.login(t.Context(), c, entra.TokenTimes{}, nil)
			tel.auth(t.Context(), c, entra.AuthRotation, entra.TokenTimes{}, time.Second, nil)
			tel.obs.Reconnected(ctx, entra.ReconnectedInfo{Conn: c, Reason: entra.CloseByServer})
			if !tel.records {
				return
			}
			spans := append(tel.named("AUTH"), tel.one("reconnect"))
			if len(spans) != 3 {
				t.Fatalf("%d spans", len(spans))
			}
			for _, s := range spans {
				tel.has(s, "network.peer.address", test.address, "network.peer.port", test.port)
			}
		})
	}
	tel := newTelemetry(t)
	everything(tel)
	for name, m := range tel.metrics() {
		if slices.Contains(seen(m).attributes, "network.peer.address") {
			t.Errorf("%s carries the address of a peer", name)
		}
	}
}

func TestTheScopeSaysWhoReports(t *testing.T) {
	tel := newTelemetry(t)
	tel.refresh(entra.TriggerInitial, entra.TokenTimes{}, nil)
	if !tel.records {
		return
	}
	scope := tel.one("refresh token").InstrumentationScope()
	if scope.Name != otelentra.ScopeName || scope.Version != otelentra.Version || scope.SchemaURL != semconv.SchemaURL {
		t.Errorf("the scope is %+v", scope)
	}
}

// The version is a constant, because build information has none for tests and for programs inside this module. A
// release cannot forget it.
func TestTheVersionIsThatOfTheNewestRelease(t *testing.T) {
	changes, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	newest := regexp.MustCompile(`(?m)^## (\d+\.\d+\.\d+) - (unreleased|\d{4}-\d\d-\d\d)$`).FindStringSubmatch(string(changes))
	if newest == nil {
		t.Fatal("CHANGELOG.md has no version")
	}
	want := newest[1]
	if newest[2] == "unreleased" {
		want += "-dev"
	}
	if otelentra.Version != want {
		t.Errorf("%s, but CHANGELOG.md says %s", otelentra.Version, newest[0])
	}
}
