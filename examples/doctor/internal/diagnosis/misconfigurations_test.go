package diagnosis_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/examples/doctor/internal/diagnosis"
)

// A misconfiguration is one thing that is wrong or to be known, and the step and cause that say so.
type misconfiguration struct {
	name, step, cause string
	stage             stage
	warns             bool     // it works, with what the report says to set
	alsoWarns         string   // a cause without which the stage cannot be
	says              []string // parts of the report's text
}

// misconfigurations begin with those that internal/misconfigurations shows to clients, by the same
// names.
func misconfigurations() []misconfiguration {
	return slices.Concat(rejections(), otherCredentials(), networks(), certificates(), servers(), policies())
}

func rejections() (all []misconfiguration) {
	for _, r := range []struct {
		name, cause  string
		status, code int
	}{
		{"wrong client secret", "secret-wrong", 401, 7000215},
		{"expired client secret", "secret-expired", 401, 7000222},
		{"wrong client id", "client-unknown", 400, 700016},
		{"wrong tenant or cloud", "tenant-unknown", 400, 90002},
		{"wrong resource", "resource-refused", 400, 650057},
		{"wrong scope", "scope-invalid", 400, 1002012},
		{"wrong federated credential", "federation-mismatch", 401, 700213},
		{"wrong clock", "assertion-invalid", 401, 700024},
		{"conditional access", "conditional-access", 400, 53003},
		{"a program that loops", "request-loop", 400, 50196},
		{"disabled identity", "identity-disabled", 401, 7000112},
		{"wrong user name or password", "password-wrong", 400, 50126},
		{"locked account", "account-locked", 400, 50053},
		{"second factor", "second-factor-needed", 400, 50076},
		{"another refusal", "credential-rejected", 400, 500021},
	} {
		all = append(all, misconfiguration{name: r.name, step: "credential", cause: r.cause, stage: stage{entra: says(r.status, r.code)},
			says: []string{fmt.Sprintf("AADSTS%d", r.code)}})
	}
	return all
}

func otherCredentials() []misconfiguration {
	const chain = "DefaultAzureCredential: failed to acquire a token.\nAttempted credentials:" +
		"\n\tEnvironmentCredential: missing environment variable AZURE_TENANT_ID\n\tAzureCLICredential: executable not found on path"
	credential := func(name, cause string, s stage, says ...string) misconfiguration {
		return misconfiguration{name: name, step: "credential", cause: cause, stage: s, says: says}
	}
	return []misconfiguration{
		credential("too many requests", "entra-throttles", stage{entra: entratest.Fault{Status: 429, RetryAfter: "30"}}),
		credential("Entra is down", "entra-down", stage{entra: entratest.Fault{Status: 503}}),
		credential("no route to Entra", "entra-unreachable", stage{entra: entratest.Fault{Refuse: true}}),
		credential("firewall to Entra", "entra-silent", stage{entra: entratest.Fault{Hang: true}}),
		credential("managed identity not assigned", "managed-identity-missing", stage{managed: true, entra: entratest.Fault{
			Status: 400, Body: `{"error":"invalid_request","error_description":"Identity not found ` + bodyOfEntra + `"}`}}, "169.254.169.254"),
		credential("no identity at all", "no-identity", stage{cred: unavailable(chain)},
			"EnvironmentCredential: missing environment variable AZURE_TENANT_ID", "AzureCLICredential: executable not found"),
		credential("no az", "tool-missing", stage{cred: unavailable("AzureCLICredential: executable not found on path")}),
		credential("az not signed in", "az-not-signed-in",
			stage{cred: unavailable("AzureCLICredential: ERROR: Please run 'az login' to setup account.")}, "    az login\n"),
		credential("azd not signed in", "azd-not-signed-in",
			stage{cred: unavailable("AzureDeveloperCLICredential: ERROR: not logged in, run `azd auth login` to login")}, "    azd auth login\n"),
		credential("azd of an older version not signed in", "azd-not-signed-in",
			stage{cred: unavailable("AzureDeveloperCLICredential: ERROR: not logged in, run `azd login` to login")}),
		credential("PowerShell not signed in", "powershell-not-signed-in",
			stage{cred: unavailable("AzurePowerShellCredential: Please run Connect-AzAccount to set up account.")}, "-Command Connect-AzAccount\n"),
		credential("PowerShell without Az.Accounts", "powershell-module-missing",
			stage{cred: unavailable("AzurePowerShellCredential: Az.Accounts module not found")}, "Install-Module -Name Az.Accounts"),
		credential("sign-in by a person", "person-needed",
			stage{cred: unavailable("InteractiveBrowserCredential can't acquire a token without user interaction")}, "Authenticate"),
		credential("az sign-in expired", "sign-in-expired",
			stage{cred: unavailable("AzureCLICredential: ERROR: AADSTS70043: The refresh token has expired.")}, "az login --tenant "+entratest.TenantID),
		credential("token without oid", "token-without-user", stage{entra: entratest.Fault{NoObjectID: true}},
			"az ad sp show --id "+entratest.ClientID+" --query id --output tsv"),
		credential("token that has expired", "token-expired", stage{cred: expired}),
		credential("empty token", "token-empty", stage{cred: direct, entra: entratest.Fault{Endpoint: entratest.Direct, Status: 200}}),
		credential("useless environment", "credential-settings", stage{noCred: errors.New("missing environment variable AZURE_TENANT_ID")},
			"missing environment variable AZURE_TENANT_ID"),
		{name: "wrong audience", step: "identity", cause: "token-not-for-redis", stage: stage{
			entra: entratest.Fault{Claims: map[string]any{"aud": "https://vault.azure.net"}}}, says: []string{"https://vault.azure.net"}},
		{name: "a credential of the chain that was not meant", step: "identity", cause: "another-identity", warns: true,
			stage: stage{entra: entratest.Fault{Claims: map[string]any{"appid": "04b07795-8ddb-461a-bbee-02f9e1bf7b46"}}}, says: []string{"04b07795", entratest.ClientID}},
		{name: "client id as the user name", step: "login", cause: "user-is-client-id", stage: stage{user: entratest.ClientID}, says: []string{entratest.ObjectID}},
		{name: "another object id as the user name", step: "login", cause: "user-is-not-object-id",
			stage: stage{user: "11111111-52b8-4f7a-8f43-0c9a1b2d3e4f"}, says: []string{entratest.ObjectID}},
		{name: "clock behind", step: "clock", cause: "clock-wrong", stage: stage{ahead: -10 * time.Minute}, says: []string{"10m0s behind"}},
		{name: "clock ahead", step: "clock", cause: "clock-wrong", stage: stage{ahead: 10 * time.Minute}, says: []string{"9m59s ahead"}},
		{name: "clock ahead of Redis's", step: "clock", cause: "clock-wrong", says: []string{"10m0s ahead"}, stage: stage{isStill: true,
			serve: scriptedServer{answers: map[string]string{"TIME": "*2\r\n$9\r\n946684200\r\n$1\r\n0\r\n"}}.serve}}, // bubbles begin at 946684800
	}
}

func networks() []misconfiguration {
	lookup := func(err error) func(context.Context, string) ([]netip.Addr, error) {
		return func(context.Context, string) ([]netip.Addr, error) { return nil, err }
	}
	return []misconfiguration{
		{name: "address without a port", step: "address", cause: "address-malformed", stage: stage{addr: "contoso", isAbsent: true}},
		{name: "Enterprise tier", step: "address", cause: "enterprise-tier", warns: true,
			stage: stage{addr: "contoso.westeurope.redisenterprise.cache.azure.net:10000"}},
		{name: "unusual port", step: "address", cause: "unusual-port", warns: true, stage: stage{addr: cacheHost + ":6381"}, says: []string{cacheAddr}},
		{name: "unknown host", step: "dns", cause: "dns-unknown",
			stage: stage{lookup: lookup(&net.DNSError{Err: "no such host", Name: cacheHost, IsNotFound: true})}},
		{name: "no DNS server", step: "dns", cause: "dns-silent", stage: stage{lookup: lookup(&net.DNSError{Err: "i/o timeout", Name: cacheHost, IsTimeout: true})}},
		{name: "firewall to Redis", step: "tcp", cause: "tcp-silent", stage: stage{network: entratest.NetworkFault{Silent: true}},
			says: []string{"10.0.0.4 (a private address)", "az redis firewall-rules list --name contoso"}},
		{name: "wrong port of Redis", step: "tcp", cause: "tcp-refused", stage: stage{isAbsent: true}},
		{name: "wrong port of Redis, in the words of Windows", step: "tcp", cause: "tcp-refused", stage: stage{dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("connectex: No connection could be made because the target machine actively refused it.")
		}}},
		{name: "no route to Redis", step: "tcp", cause: "tcp-unreachable", stage: stage{dial: func(_ context.Context, network, _ string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.EHOSTUNREACH}
		}}},
		{name: "TLS to a port without TLS", step: "tls", cause: "plain-port", stage: stage{isPlain: true}},
		{name: "TLS to a port without TLS that waits for the end of a line, as Redis does", step: "tls", cause: "plain-port",
			stage: stage{isPlain: true, serve: scriptedServer{}.serve}},
		{name: "TLS to a port of another protocol", step: "tls", cause: "not-tls", stage: stage{isPlain: true, serve: answerInHTTP}},
		{name: "no TLS on this machine", step: "tls", cause: "plain-on-this-machine", warns: true, stage: stage{addr: "127.0.0.1:6379", isPlain: true},
			says: []string{"no TLSConfig"}},
		{name: "TLS on this machine", stage: stage{addr: "127.0.0.1:6380"}, says: []string{"TLSConfig: &tls.Config{}"}},
		{name: "server silent in the handshake", step: "tls", cause: "tls-silent", stage: stage{isSilent: true}},
		{name: "server that resets connections", step: "tls", cause: "tls-silent", stage: stage{faults: []entratest.WireFault{{RefuseConn: true}}}},
		{name: "no TLS to a port with TLS", says: []string{"TLSConfig: &tls.Config{}"}}, // the doctor speaks TLS, and says that the program has to
	}
}

func certificates() []misconfiguration {
	return []misconfiguration{
		{name: "certificate of another host", step: "tls", cause: "certificate-name", stage: stage{certFor: "other.redis.cache.windows.net"},
			says: []string{"other.redis.cache.windows.net"}},
		{name: "dialed by IP address", step: "tls", cause: "certificate-name", stage: stage{addr: "10.0.0.4:6380", certFor: cacheHost}},
		{name: "unknown authority", step: "tls", cause: "certificate-authority", stage: stage{trusts: func(c *tls.Config) { c.RootCAs = x509.NewCertPool() }},
			says: []string{"entratest authority"}},
		{name: "certificate that has expired", step: "tls", cause: "certificate-expired", stage: stage{trusts: func(c *tls.Config) {
			c.Time = func() time.Time { return time.Date(3500, 1, 1, 0, 0, 0, 0, time.UTC) }
		}}},
		{name: "certificate for clients", step: "tls", cause: "certificate-invalid", stage: stage{secure: func(t *testing.T) (server, client *tls.Config) {
			return selfSigned(t, cacheHost, x509.ExtKeyUsageClientAuth)
		}}},
		{name: "TLS 1.1 only", step: "tls", cause: "tls-too-old", stage: stage{serve: absorb, secure: func(t *testing.T) (server, client *tls.Config) {
			server, client = selfSigned(t, cacheHost, x509.ExtKeyUsageServerAuth)
			server.MinVersion, server.MaxVersion, client.MinVersion = tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS10
			return server, client
		}}},
	}
}

func servers() []misconfiguration {
	script := func(answers map[string]string) stage { return stage{serve: scriptedServer{answers: answers}.serve} }
	refuses := func(words string) stage { return stage{faults: []entratest.WireFault{{RefuseAuth: words}}} }
	all := []misconfiguration{
		{name: "a web server", step: "server", cause: "not-redis", stage: script(map[string]string{"PING": "HTTP/1.1 400 Bad Request\r\n\r\n"})},
		{name: "an array in an array without end", step: "server", cause: "not-redis", stage: script(map[string]string{"PING": strings.Repeat("*1\r\n", 100)})},
		{name: "server silent after the handshake", step: "server", cause: "server-silent", stage: stage{serve: absorb}},
		{name: "server that closes before the login", step: "server", cause: "server-closes", stage: script(map[string]string{"PING": hangUp})},
		{name: "server full", step: "server", cause: "server-full", stage: stage{faults: []entratest.WireFault{{MaxClients: true}}}},
		{name: "server loading", step: "login", cause: "server-not-ready", stage: refuses("LOADING Redis is loading the dataset in memory")},
		{name: "protected mode", step: "server", cause: "protected-mode", stage: script(map[string]string{"PING": "-DENIED Redis is running in protected mode\r\n"})},
		{name: "proxy that answers no AUTH", step: "login", cause: "login-silent", stage: stage{faults: []entratest.WireFault{{SilentAuth: true}}}},
		{name: "proxy that closes at AUTH", step: "login", cause: "login-closes", stage: script(map[string]string{"AUTH": hangUp})},
		{name: "server without passwords", step: "login", cause: "server-without-passwords", stage: stage{dialect: entratest.Passwordless()}},
		{name: "old server without passwords", step: "login", cause: "server-without-passwords",
			stage: refuses("ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?")},
		{name: "server without AUTH", step: "login", cause: "server-without-auth", stage: stage{serve: scriptedServer{echoes: true}.serve},
			says: []string{"cut off: it repeats the token"}},
		{name: "development server with a password", step: "login", cause: "local-server-refuses", alsoWarns: "plain-on-this-machine",
			stage: stage{addr: "127.0.0.1:6379", isPlain: true, faults: []entratest.WireFault{{RefuseAuth: entratest.AzureManaged().WrongPassword}}}},
		{name: "policy that forbids", step: "login", cause: "login-forbidden", stage: refuses("NOPERM this user has no permissions to run the 'auth' command"),
			says: []string{entratest.ObjectID, "az redis access-policy-assignment list --name contoso "}},
		{name: "server in trouble", step: "login", cause: "server-unfit",
			stage: refuses("MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk."), says: []string{"provisioningState"}},
		{name: "replica that takes no login", step: "login", cause: "server-unfit", stage: refuses("READONLY You can't write against a read only replica.")},
		{name: "renewals refused", step: "renewal", cause: "renewal-refused",
			stage: stage{faults: []entratest.WireFault{{RefuseAuth: "ERR already authenticated", RotationOnly: true}}}},
		{name: "one of two proxies refuses", step: "pipeline", cause: "second-connection",
			stage: stage{faults: []entratest.WireFault{{RefuseAuth: "WRONGPASS invalid username-password pair", EveryNth: 2}}}},
		{name: "proxy that loses what follows AUTH", step: "pipeline", cause: "separate-login-needed", warns: true,
			stage: stage{serve: scriptedServer{forgets: true}.serve}, says: []string{"SeparateLogin: true"}},
		{name: "proxy that has the next command overtake AUTH", step: "pipeline", cause: "separate-login-needed", warns: true,
			stage: stage{serve: scriptedServer{lags: true}.serve}, says: []string{"NOAUTH", "SeparateLogin: true"}},
		{name: "proxy that stays in RESP2", step: "protocol", cause: "stays-in-resp2", warns: true, stage: stage{dialect: entratest.RESP2Proxy()},
			says: []string{"DisableCache: true"}},
		{name: "connection lost on the way", step: "protocol", cause: "connection-lost", stage: script(map[string]string{"HELLO": hangUp})},
		{name: "Managed Redis without an assignment", step: "login", cause: "no-assignment",
			stage: stage{addr: "contoso.westeurope.redis.azure.net:10000", faults: []entratest.WireFault{{RefuseAuth: entratest.AzureManaged().WrongPassword}}},
			says: []string{`az redisenterprise database access-policy-assignment create --cluster-name contoso --resource-group ` +
				`$(az redisenterprise list --query "[?name=='contoso'].resourceGroup" --output tsv) --database-name default ` +
				`--access-policy-assignment-name app` + strings.ReplaceAll(entratest.ObjectID, "-", "") + ` --access-policy-name default --object-id ` + entratest.ObjectID}},
	}
	seen := map[string]bool{}
	for _, d := range entratest.Dialects() {
		if !seen[d.WrongPassword] {
			seen[d.WrongPassword] = true
			all = append(all, misconfiguration{name: "no assignment, " + d.Name, step: "login", cause: "no-assignment", stage: refuses(d.WrongPassword),
				says: []string{d.WrongPassword, "az redis access-policy-assignment create --name contoso ", "--object-id " + entratest.ObjectID}})
		}
	}
	return all
}

func policies() []misconfiguration {
	const noPermission = "-NOPERM this user has no permissions to run the 'x' command\r\n"
	forbids := func(step, cause string, commands ...string) misconfiguration {
		answers := map[string]string{}
		for _, command := range commands {
			answers[command] = noPermission
		}
		return misconfiguration{name: "policy without " + strings.Join(commands, ", "), step: step, cause: cause, warns: true,
			stage: stage{serve: scriptedServer{answers: answers}.serve}}
	}
	tracking := forbids("commands", "commands-forbidden", "CLIENT", "PING")
	tracking.stage.serve = scriptedServer{answers: map[string]string{"CLIENT": noPermission}}.serve
	tracking.name, tracking.says = "policy without CLIENT", []string{"+client|tracking"}
	return []misconfiguration{
		forbids("protocol", "hello-forbidden", "HELLO"),
		forbids("cluster", "cluster-unknown", "CLUSTER"),
		forbids("commands", "read-only", "SET"),
		tracking,
	}
}

func TestEachMisconfigurationIsNamedWithItsRemedy(t *testing.T) {
	for _, m := range misconfigurations() {
		t.Run(m.name, func(t *testing.T) {
			report := m.stage.examine(t)
			m.judge(t, report)
		})
	}
}

// judge wants the cause at its step, and no other.
func (m misconfiguration) judge(t *testing.T, report *diagnosis.Report) {
	t.Helper()
	shown := text(t, report)
	want := diagnosis.Failed
	if m.warns {
		want = diagnosis.Warning
	}
	found := m.cause == ""
	for _, step := range report.Steps {
		if step.Finding == nil {
			continue
		}
		if step.Finding.ID == m.alsoWarns && step.Verdict == diagnosis.Warning {
			continue
		}
		if step.Finding.ID != m.cause {
			t.Errorf("%s: found %s too, while only %s is wrong:\n%s", step.Name, step.Finding.ID, m.cause, shown)
		}
		found = found || step.Name == m.step && step.Verdict == want
	}
	if !found {
		t.Errorf("%s: not found by the step %s with the verdict %s:\n%s", m.cause, m.step, want, shown)
	}
	if isHealthy := m.warns || m.cause == ""; report.Healthy != isHealthy {
		t.Errorf("healthy %t, want %t:\n%s", report.Healthy, isHealthy, shown)
	}
	for _, part := range m.says {
		if !strings.Contains(shown, part) {
			t.Errorf("the report does not say %q:\n%s", part, shown)
		}
	}
}

// What clients are shown to stumble over, the doctor finds.
func TestWhatClientsStumbleOverIsExamined(t *testing.T) {
	golden, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "internal", "misconfigurations", "testdata", "first_command.golden"))
	if err != nil {
		t.Fatal(err)
	}
	headings := regexp.MustCompile(`(?m)^== (.*)$`).FindAllStringSubmatch(string(golden), -1)
	if len(headings) < 40 {
		t.Fatalf("found only %d", len(headings))
	}
	for _, heading := range headings {
		if !slices.ContainsFunc(misconfigurations(), func(m misconfiguration) bool { return m.name == heading[1] }) {
			t.Errorf("%q is not examined", heading[1])
		}
	}
}
