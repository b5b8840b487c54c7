package otelentra_test

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/otel/otelentra"
)

// nodes is how many the clusters of these tests have.
const nodes = 20

// ofNode is a connection to one node of a cluster, which the client found under the name of the cluster.
func ofNode(n int, id uint64) entra.ConnInfo {
	return entra.ConnInfo{Library: "go-redis", Pool: "cache", ID: id, ServerAddr: fmt.Sprintf("10.0.0.%d:6380", n), PoolAddr: serverAddr}
}

// cluster logs in to each node, and renews the tokens of all but one. It returns the token of that one and the newer.
func cluster(tel *telemetry) (old, recent entra.TokenTimes) {
	old = life(time.Now())
	tel.refresh(entra.TriggerInitial, old, nil)
	tel.login(tel.Context(), entra.ConnInfo{Library: "go-redis", Pool: "cache", ServerAddr: serverAddr, PoolAddr: serverAddr}, old, nil)
	for n := range nodes {
		tel.login(tel.Context(), ofNode(n, 1), old, nil)
	}
	time.Sleep(time.Hour)
	recent = life(time.Now())
	tel.refresh(entra.TriggerScheduled, recent, nil)
	tel.auth(context.Background(), entra.ConnInfo{Library: "go-redis", Pool: "cache", ServerAddr: serverAddr, PoolAddr: serverAddr},
		entra.AuthRotation, recent, time.Millisecond, nil)
	for n := range nodes {
		addr := ofNode(n, 1).ServerAddr
		ctx := tel.obs.RotationStart(context.Background(), entra.RotationStartInfo{
			Library: "go-redis", Pool: "cache", ServerAddr: addr, PoolAddr: serverAddr, Connections: 1,
			Window: time.Duration(n) * time.Second, ExpiresOn: recent.ExpiresOn,
		})
		if n == 7 || n == 8 {
			continue
		}
		tel.auth(context.Background(), ofNode(n, 1), entra.AuthRotation, recent, time.Millisecond, nil)
		tel.obs.RotationDone(ctx, entra.RotationDoneInfo{Library: "go-redis", Pool: "cache", ServerAddr: addr, PoolAddr: serverAddr, Renewed: 1})
	}
	return old, recent
}

// series returns how many time series each instrument has, without the buckets of histograms.
func (t *telemetry) series() map[string]int {
	t.Helper()
	all := map[string]int{}
	for name, m := range t.metrics() {
		switch data := m.Data.(type) {
		case metricdata.Gauge[float64]:
			all[name] = len(data.DataPoints)
		case metricdata.Gauge[int64]:
			all[name] = len(data.DataPoints)
		case metricdata.Sum[int64]:
			all[name] = len(data.DataPoints)
		case metricdata.Histogram[float64]:
			all[name] = len(data.DataPoints)
		}
	}
	return all
}

func TestAPoolIsOneWhateverItsServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := newTelemetry(t)
		cluster(tel)
		states(tel, nodes-1, 2, 0, 0)
		gauge(tel, "entraredis.connection.time_to_expiry.min", "s", false, at(15*60., pool()))
		gauge(tel, "entraredis.connection.token_age.max", "s", false, at(3600., pool()))
		gauge(tel, "entraredis.connection.token_age.min", "s", false, at(0., pool()))
		gauge(tel, "entraredis.rotation.window", "s", false, at(8., pool()))
		gauge(tel, "entraredis.rotation.pending", "{connection}", true, at(int64(2), pool()))
		tel.login(t.Context(), ofNode(3, 2), life(time.Now()), refused("WRONGPASS"))
		tel.login(t.Context(), ofNode(4, 2), life(time.Now()), refused("WRONGPASS"))
		tel.refusals(map[string]int64{"WRONGPASS": 2})
		tel.refusing(2)
		for _, n := range []int{7, 8} { // one connection after the other reaches its end
			time.Sleep(20 * time.Minute)
			tel.closed(ofNode(n, 1), entra.CloseExpired, life(time.Now().Add(-80*time.Minute)))
		}
		gauge(tel, "entraredis.connection.time_to_expiry.min", "s", false, at(35*60., pool()))
		if n := tel.count("entraredis.connection.retirements", pool(reasonKey(entra.CloseExpired))); n != 2 {
			t.Errorf("%d retirements", n)
		}
	})
}

func TestTheLivesOfAPoolAreThoseOfItsServersWithConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := newTelemetry(t)
		token := life(time.Now())
		tel.login(t.Context(), ofNode(1, 1), token, nil)
		tel.closed(ofNode(1, 1), entra.CloseByClient, token)
		tel.login(t.Context(), ofNode(2, 1), token, nil)
		tel.login(t.Context(), ofNode(3, 1), token, nil)
		tel.closed(ofNode(3, 1), entra.CloseByClient, token)
		gauge(tel, "entraredis.connection.time_to_expiry.min", "s", false, at(75*60., pool()))
		tel.closed(ofNode(2, 1), entra.CloseByClient, token)
		if n := tel.series()["entraredis.connection.time_to_expiry.min"]; n != 0 {
			t.Errorf("%d series though there is no connection", n)
		}
	})
}

func TestEachServerHasItsOwnSeriesIfAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := newTelemetry(t, otelentra.WithMetricsPerServer())
		cluster(tel)
		if n := tel.series()["entraredis.connection.time_to_expiry.min"]; n != nodes+1 {
			t.Fatalf("%d series of %d servers", n, nodes+1)
		}
		soon := map[string]bool{}
		for _, p := range tel.metrics()["entraredis.connection.time_to_expiry.min"].Data.(metricdata.Gauge[float64]).DataPoints {
			if p.Value < 3600 {
				soon[valueOf(p.Attributes.ToSlice(), "server.address")] = true
			}
		}
		if want := map[string]bool{"10.0.0.7": true, "10.0.0.8": true}; !maps.Equal(soon, want) {
			t.Errorf("the token of %v expires soon, want %v", soon, want)
		}
	})
}

func TestSpansNameTheServerOfAPool(t *testing.T) {
	tel := newTelemetry(t)
	c := ofNode(1, 1)
	c.Pool = ""
	tel.login(t.Context(), c, life(time.Now()), nil)
	if tel.records {
		tel.has(tel.one("AUTH "+serverAddr), "server.address", "cache.example", "server.port", "6380", "entraredis.server", "10.0.0.1:6380",
			"db.client.connection.pool.name", serverAddr)
	}
}

func TestGroupsOfMetrics(t *testing.T) {
	groups := map[string]struct {
		group       otelentra.MetricGroups
		instruments []string
	}{
		"tokens": {otelentra.MetricsTokens, []string{"entraredis.token.refresh.consecutive_failures", "entraredis.token.refresh.remaining_lifetime",
			"entraredis.token.renewals", "entraredis.token.request.failures", "entraredis.token.time_to_expiry"}},
		"connections": {otelentra.MetricsConnections, []string{"entraredis.connection.active", "entraredis.connection.auth.refusals",
			"entraredis.connection.auth.refusing", "entraredis.connection.reconnections", "entraredis.connection.retirements", "entraredis.connection.time_to_expiry.min"}},
		"rotations": {otelentra.MetricsRotations, []string{"entraredis.connection.token_age.max", "entraredis.connection.token_age.min",
			"entraredis.rotation.pending", "entraredis.rotation.window"}},
		"durations": {otelentra.MetricsDurations, []string{"entraredis.connection.auth.duration", "entraredis.rotation.duration",
			"entraredis.token.refresh.duration", "entraredis.token.request.duration"}},
		"none": {0, nil},
	}
	var byDefault []string
	for name, g := range groups {
		t.Run(name, func(t *testing.T) {
			tel := newTelemetry(t, otelentra.WithMetrics(g.group))
			everything(tel)
			if got := slices.Sorted(maps.Keys(tel.metrics())); !slices.Equal(got, g.instruments) {
				t.Error(cmp.Diff(g.instruments, got))
			}
			if name != "durations" {
				byDefault = append(byDefault, g.instruments...)
			}
		})
	}
	tel := newTelemetry(t, otelentra.WithMetrics(otelentra.MetricsDefault))
	everything(tel)
	slices.Sort(byDefault)
	if got := slices.Sorted(maps.Keys(tel.metrics())); !slices.Equal(got, byDefault) {
		t.Error(cmp.Diff(byDefault, got))
	}
}

// A client that dials the name of a cluster, and then its nodes, is one pool under that name; a second client that is
// of another cache is another.
func TestAPoolHasTheAddressThatItsClientDialedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := newTelemetry(t)
		network := entratest.NewNetwork()
		sts := entratest.NewSTS(nil)
		cred, err := sts.ClientSecretCredential()
		if err != nil {
			t.Fatal(err)
		}
		src, err := entra.NewSource(cred, &entra.Options{Observer: tel.given})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		var open []net.Conn
		dial := func(addrs ...string) {
			dialer := entraconn.NewDialer(src, &entraconn.Options{Library: "go-redis", AllowPlaintext: true}).
				DialFunc(func(ctx context.Context, n, addr string) (net.Conn, error) { return network.DialContext(ctx, n, addr) })
			for _, addr := range addrs {
				l, err := network.Listen(addr)
				if err != nil {
					t.Fatal(err)
				}
				gateway := entratest.NewGateway(l, &entratest.GatewayOptions{STS: sts})
				t.Cleanup(func() { gateway.Close() })
				c, err := dialer(t.Context(), "tcp", addr)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := c.Write([]byte("PING\r\n")); err != nil {
					t.Fatal(err)
				}
				if _, err := c.Read(make([]byte, 100)); err != nil {
					t.Fatal(err)
				}
				open = append(open, c)
			}
		}
		dial("10.0.0.4:6380", "10.0.0.5:13000", "10.0.0.6:13001")
		dial("10.9.9.9:6380")
		synctest.Wait()
		current := map[string]int64{}
		for _, p := range tel.metrics()["entraredis.connection.active"].Data.(metricdata.Sum[int64]).DataPoints {
			attrs := p.Attributes.ToSlice()
			if valueOf(attrs, "entraredis.connection.token_state") == "current" {
				current[valueOf(attrs, "server.address")+":"+valueOf(attrs, "server.port")+" in "+valueOf(attrs, "db.client.connection.pool.name")] = p.Value
			}
		}
		want := map[string]int64{"10.0.0.4:6380 in 10.0.0.4:6380": 3, "10.9.9.9:6380 in 10.9.9.9:6380": 1}
		if diff := cmp.Diff(want, current); diff != "" {
			t.Errorf("connections of pools (-want +got):\n%s", diff)
		}
		for _, c := range open {
			c.Close()
		}
	})
}

// Nodes of a cluster come and go for as long as a program runs, and their counts stay those of the pool.
func TestAPoolOutlivesItsServers(t *testing.T) {
	tel := newTelemetry(t)
	for n := range 3000 {
		c := ofNode(0, 1)
		c.ServerAddr = fmt.Sprintf("10.1.%d.%d:6380", n/250, n%250)
		tel.login(t.Context(), c, life(time.Now()), refused("WRONGPASS"))
		tel.closed(c, entra.CloseAuthRejected, entra.TokenTimes{})
	}
	tel.refusals(map[string]int64{"WRONGPASS": 3000})
	if n := tel.count("entraredis.connection.retirements", pool(attribute.String("entraredis.connection.retire.reason", "auth_rejected"))); n != 3000 {
		t.Errorf("%d retirements", n)
	}
}
