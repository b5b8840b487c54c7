package diagnosis_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/examples/doctor/internal/diagnosis"
)

// A clusterCase is a cluster of two nodes as it announces itself, and what the report says of it.
type clusterCase struct {
	misconfiguration
	// announces is the host of the second node, "" as Redis announces a node whose host clients know.
	announces string
	closed    bool // no server listens at the second node
	otherCert bool // the second node has the certificate of another name
	refuses   bool // it refuses logins
	settings  diagnosis.Settings
}

func clusterCases() []clusterCase {
	all := diagnosis.Settings{TLS: true, Cluster: true, RESP3: true}
	seedHost := all
	seedHost.SeedHost = true
	finding := func(name, cause string) misconfiguration {
		return misconfiguration{name: name, step: "cluster", cause: cause}
	}
	needsSeedHost := finding("nodes at addresses that cannot be reached", "seed-host-needed")
	needsSeedHost.warns = true
	return []clusterCase{
		{misconfiguration: finding("nodes without a host", ""), settings: all},
		{misconfiguration: finding("nodes by IP address", ""), announces: "127.0.0.1", settings: all},
		{misconfiguration: needsSeedHost, announces: "127.0.0.9", settings: seedHost},
		{misconfiguration: finding("a node that is gone", "node-unreachable"), announces: "127.0.0.1", closed: true, settings: all},
		{misconfiguration: finding("a node with another certificate", "node-certificate"), announces: "127.0.0.1", otherCert: true, settings: all},
		{misconfiguration: finding("a node of another domain that cannot be reached at the seed's host", "node-not-trusted"), announces: "redis.example.org", closed: true, settings: all},
		{misconfiguration: finding("a node without the assignment", "node-refuses-login"), announces: "127.0.0.1", refuses: true, settings: all},
	}
}

func TestClustersAreReachedAsTheirClientsDo(t *testing.T) {
	server, client, err := entratest.TLSConfigs("localhost")
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := entratest.TLSConfigs("other.test")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range clusterCases() {
		t.Run(c.name, func(t *testing.T) {
			report := c.examine(t, server, client, other)
			c.judge(t, report)
			if report.Settings == nil || *report.Settings != c.settings {
				t.Errorf("settings %+v, want %+v", report.Settings, c.settings)
			}
			if c.settings.SeedHost && !strings.Contains(text(t, report), "SeedHost: true") {
				t.Errorf("the report does not say what to set:\n%s", text(t, report))
			}
		})
	}
}

func (c clusterCase) examine(t *testing.T, server, client, other *tls.Config) *diagnosis.Report {
	t.Helper()
	sts := entratest.NewSTS(nil)
	node := listen(t)
	nodeTLS := server
	if c.otherCert {
		nodeTLS = other
	}
	if c.closed {
		_ = node.Close() // from now on no server answers there
	} else {
		gateway := entratest.NewGateway(node, &entratest.GatewayOptions{STS: sts, TLS: nodeTLS})
		t.Cleanup(func() { _ = gateway.Close() })
		if c.refuses {
			gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS invalid username-password pair"})
		}
	}
	seed := listen(t)
	announced := fmt.Sprintf("*2\r\n*3\r\n:0\r\n:8000\r\n%s*3\r\n:8001\r\n:16383\r\n%s", slotNode("", seed), slotNode(c.announces, node))
	done := make(chan struct{})
	var conns openConns
	go func() {
		defer close(done)
		serveEach(seed, server, conns.serving(scriptedServer{answers: map[string]string{"CLUSTER SLOTS": announced}}.serve))
	}()
	t.Cleanup(func() {
		_ = seed.Close()
		<-done
		conns.wait()
	})
	_, port, err := net.SplitHostPort(seed.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	report := diagnosis.Examine(t.Context(), diagnosis.Options{
		Address: net.JoinHostPort("localhost", port), Credential: sts.Credential(), TLS: client, Timeout: 5 * time.Minute, Program: "doctor of a test",
	})
	checkSecrecy(t, report, sts)
	checkViews(t, report)
	return report
}

// slotNode is a node in an answer to CLUSTER SLOTS.
func slotNode(hostname string, at net.Listener) string {
	_, port, _ := strings.Cut(at.Addr().String(), ":")
	return fmt.Sprintf("*3\r\n$%d\r\n%s\r\n:%s\r\n$2\r\nid\r\n", len(hostname), hostname, port)
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// openConns are those that a server serves.
type openConns struct{ work sync.WaitGroup }

func (o *openConns) serving(serve func(net.Conn)) func(net.Conn) {
	return func(conn net.Conn) {
		o.work.Add(1)
		defer o.work.Done()
		serve(conn)
	}
}

func (o *openConns) wait() { o.work.Wait() }
