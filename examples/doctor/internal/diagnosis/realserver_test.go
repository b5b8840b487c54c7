package diagnosis_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/examples/doctor/internal/diagnosis"
)

func needRedisServer(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short starts no redis-server")
	}
	if _, err := exec.LookPath("redis-server"); err != nil && os.Getenv("ENTRATEST_REDIS_SERVER") == "" {
		t.Skip(err)
	}
}

// examineGateway examines what listens on a port of localhost.
func examineGateway(t *testing.T, sts *entratest.STS, addr string, opts diagnosis.Options) *diagnosis.Report {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	opts.Address, opts.Credential, opts.Program = net.JoinHostPort("localhost", port), sts.Credential(), "doctor of a test"
	opts.Timeout = 5 * time.Minute // which means that it hangs
	report := diagnosis.Examine(t.Context(), opts)
	checkSecrecy(t, report, sts)
	checkViews(t, report)
	return report
}

// The rights are those of Azure's built-in policies, as far as they matter here, and of custom
// ones.
func TestPoliciesAreReadFromARealServersAnswers(t *testing.T) {
	t.Parallel()
	needRedisServer(t)
	server, client, err := entratest.TLSConfigs("localhost")
	if err != nil {
		t.Fatal(err)
	}
	backend, err := entratest.StartRedis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	for _, c := range []struct {
		name, cause string
		rights      []string
	}{
		{"Data Owner", "", []string{"+@all", "~*"}},
		{"Data Contributor", "", []string{"+@all", "-@dangerous", "+cluster", "~*"}},
		{"Data Reader", "read-only", []string{"-@all", "+@read", "+@connection", "+cluster", "~*"}},
		{"some keys", "", []string{"+@all", "~app:*"}},
		{"some commands", "commands-forbidden", []string{"-@all", "+get", "+set", "+hello", "+cluster", "~*"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			sts := entratest.NewSTS(nil)
			gateway := entratest.NewGateway(listen(t), &entratest.GatewayOptions{STS: sts, TLS: server, Backend: backend, Rights: c.rights})
			defer gateway.Close()
			report := examineGateway(t, sts, gateway.Addr(), diagnosis.Options{TLS: client})
			for _, step := range report.Steps {
				if found := step.Finding; (found != nil) != (step.Name == "commands" && c.cause != "") || found != nil && found.ID != c.cause {
					t.Errorf("%s: %s, %s, want %q only", step.Name, step.Verdict, step.Detail, c.cause)
				}
			}
		})
	}
}

func TestRealClusterIsReached(t *testing.T) {
	t.Parallel()
	needRedisServer(t)
	server, client, err := entratest.TLSConfigs("localhost")
	if err != nil {
		t.Fatal(err)
	}
	for announce, want := range map[string]diagnosis.Settings{
		"127.0.0.1": {TLS: true, RESP3: true, Cluster: true},
		"127.0.0.3": {TLS: true, RESP3: true, Cluster: true, SeedHost: true}, // where no server listens
	} {
		t.Run(announce, func(t *testing.T) {
			t.Parallel()
			sts := entratest.NewSTS(nil)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // which means that it hangs
			defer cancel()
			cluster, err := entratest.StartRedisCluster(ctx, &entratest.RedisClusterOptions{STS: sts, TLS: server, Announce: announce})
			if err != nil {
				t.Fatal(err)
			}
			defer cluster.Close()
			report := examineGateway(t, sts, cluster.Nodes()[0].Gateway.Addr(), diagnosis.Options{TLS: client})
			if !report.Healthy || report.Settings == nil || *report.Settings != want || !strings.Contains(text(t, report), "6 ") {
				t.Errorf("healthy %t, settings %+v, want %+v:\n%s", report.Healthy, report.Settings, want, text(t, report))
			}
		})
	}
}
