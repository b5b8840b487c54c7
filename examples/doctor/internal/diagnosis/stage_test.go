package diagnosis_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/google/go-cmp/cmp"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/examples/doctor/internal/diagnosis"
)

const (
	cacheHost = "contoso.redis.cache.windows.net"
	cacheAddr = cacheHost + ":6380"
)

// A stage is what is examined. The zero stage is a healthy cache.
type stage struct {
	addr string // cacheAddr if empty

	// The credential is cred, or azidentity's own of a managed identity, or else of a service
	// principal.
	cred    func(*entratest.STS) azcore.TokenCredential
	managed bool
	noCred  error // why there is no credential
	// answered names the credential of a chain.
	answered func() string
	user     string
	scope    string
	entra    entratest.Fault // of Entra
	ahead    time.Duration   // of this machine's clock, by the dates of Entra
	isStill  bool            // Entra says no date

	lookup  func(context.Context, string) ([]netip.Addr, error)
	network entratest.NetworkFault
	dial    func(context.Context, string, string) (net.Conn, error)

	// The server is a gateway with this dialect and these faults, unless serve is set.
	dialect  entratest.Dialect
	faults   []entratest.WireFault
	serve    func(net.Conn)
	isAbsent bool
	isPlain  bool
	isSilent bool // before TLS
	certFor  string
	trusts   func(*tls.Config) // changes the client's configuration
	secure   func(*testing.T) (server, client *tls.Config)
}

// examine examines the stage in a bubble, and checks what holds for every report.
func (s stage) examine(t *testing.T) (report *diagnosis.Report) {
	t.Helper()
	if s.addr == "" {
		s.addr = cacheAddr
	}
	hostname, _, _ := strings.Cut(s.addr, ":")
	if s.certFor == "" {
		s.certFor = hostname
	}
	server, client, err := entratest.TLSConfigs(s.certFor)
	if err != nil {
		t.Fatal(err)
	}
	if s.secure != nil {
		server, client = s.secure(t)
	}
	if s.trusts != nil {
		s.trusts(client)
	}
	if s.isPlain {
		server = nil
	}
	synctest.Test(t, func(t *testing.T) {
		sts, dates := entratest.NewSTS(nil), &diagnosis.Dates{}
		opts := diagnosis.Options{
			Address: s.addr, Answered: s.answered, Username: s.user, Scope: s.scope, TLS: client, CredentialErr: s.noCred, Dates: dates, Dial: s.dial,
			Lookup: s.lookup, ClientID: entratest.ClientID, Tenant: entratest.TenantID, Program: "entraredis doctor v0.1.0, go1.26.8, linux/amd64",
		}
		switch {
		case s.noCred != nil:
		case s.cred != nil:
			opts.Credential = s.cred(sts)
		case s.managed:
			opts.Credential = managedIdentity(t, dated{sts, s}, dates)
		default:
			opts.Credential = servicePrincipal(t, dated{sts, s}, dates)
		}
		sts.Inject(s.entra)
		network := entratest.NewNetwork()
		network.Inject(s.network)
		if opts.Dial == nil {
			opts.Dial = network.DialContext
		}
		if opts.Lookup == nil {
			opts.Lookup = func(context.Context, string) ([]netip.Addr, error) {
				return []netip.Addr{netip.MustParseAddr("10.0.0.4")}, nil
			}
		}
		if !s.isAbsent {
			defer s.start(t, network, sts, server)()
		}
		report = diagnosis.Examine(t.Context(), opts)
		sts.SetClock(24 * time.Hour) // every token has expired now, and with it the connections that the gateway still has
		checkSecrecy(t, report, sts)
	})
	checkViews(t, report)
	return report
}

// start serves the address, until the function that it returns is called.
func (s stage) start(t *testing.T, network *entratest.Network, sts *entratest.STS, config *tls.Config) (stop func()) {
	t.Helper()
	listener, err := network.Listen(s.addr)
	if err != nil {
		t.Fatal(err)
	}
	closeListener := func() { _ = listener.Close() } // a second time it fails
	switch {
	case s.isSilent:
		go serveEach(listener, nil, absorb)
		return closeListener
	case s.serve != nil:
		go serveEach(listener, config, s.serve)
		return closeListener
	}
	gateway := entratest.NewGateway(listener, &entratest.GatewayOptions{STS: sts, Dialect: s.dialect, TLS: config})
	for _, fault := range s.faults {
		gateway.Inject(fault)
	}
	return func() { _ = gateway.Close() }
}

// checkSecrecy looks for secrets in both views.
func checkSecrecy(t *testing.T, report *diagnosis.Report, sts *entratest.STS) {
	t.Helper()
	views := text(t, report) + jsonOf(t, report)
	secrets := []string{entratest.ClientSecret}
	for _, request := range sts.Requests() {
		secrets = append(secrets, request.Form.Get("client_secret"), request.Form.Get("client_assertion"))
	}
	for _, secret := range secrets {
		if secret != "" && strings.Contains(views, secret) {
			t.Errorf("the report tells a secret of the credential:\n%s", views)
		}
	}
	if strings.Contains(views, "eyJ") { // so begins the first part of each token, and the second one
		t.Errorf("the report tells a part of the token:\n%s", views)
	}
	if strings.Contains(views, bodyOfEntra) {
		t.Errorf("the report tells a body of an HTTP answer:\n%s", views)
	}
}

// bodyOfEntra is in every refusal of Entra's that a test injects.
const bodyOfEntra = "words of an HTTP answer"

// checkViews compares both views with the report.
func checkViews(t *testing.T, report *diagnosis.Report) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(jsonOf(t, report)))
	decoder.DisallowUnknownFields()
	var read diagnosis.Report
	if err := decoder.Decode(&read); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(report, &read); diff != "" {
		t.Errorf("JSON says something else than the report:\n%s", diff)
	}
	if len(report.Steps) != len(diagnosis.Plans()) {
		t.Fatalf("%d steps", len(report.Steps))
	}
	for i, step := range report.Steps {
		if step.Name != diagnosis.Plans()[i].Name {
			t.Errorf("step %s, want %s", step.Name, diagnosis.Plans()[i].Name)
		}
		if (step.Finding != nil) != (step.Verdict == diagnosis.Failed || step.Verdict == diagnosis.Warning) {
			t.Errorf("%s: verdict %s, finding %v", step.Name, step.Verdict, step.Finding)
		}
		if step.Detail == "" || strings.ContainsAny(step.Detail, "\n\x1b") {
			t.Errorf("%s: detail %q", step.Name, step.Detail)
		}
		if step.Finding != nil && !strings.Contains(text(t, report), step.Finding.Says+". Remedy: "+step.Finding.Remedy+".\n") {
			t.Errorf("no line has the cause and the remedy of %s:\n%s", step.Name, text(t, report))
		}
	}
}

func text(t *testing.T, report *diagnosis.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func jsonOf(t *testing.T, report *diagnosis.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
