package diagnosis

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra"
)

// Options say what to examine, and with what. Nil and zero mean the defaults.
type Options struct {
	// Address is the host:port of the cache.
	Address string
	// Credential acquires the token. If it is nil, CredentialErr says why it could not be made.
	Credential    azcore.TokenCredential
	CredentialErr error
	// Scope and Username are those of [entra.Options].
	Scope, Username string
	// ClientID and Tenant are what the environment says of the identity, for commands in remedies
	// while there is no token; empty if it does not say.
	ClientID, Tenant string
	// Answered names the credential, and of a chain the one that has returned the token as soon as
	// one has; nil if that is not known.
	Answered func() string
	// Dates are in the PerRetryPolicies of the credential; nil if they are not.
	Dates *Dates
	// TLS is the program's; nil means &tls.Config{}. Versions before TLS 1.2 are never offered.
	TLS *tls.Config
	// Timeout bounds each step, except the credential, which gets three times as much; 0 means 5
	// seconds.
	Timeout time.Duration
	// Program is what the report says of the program and its version.
	Program string
	// Dial connects to Address and Lookup finds its host; nil means the network of this machine.
	// The nodes of a cluster are always dialed there.
	Dial   func(ctx context.Context, network, addr string) (net.Conn, error)
	Lookup func(ctx context.Context, hostname string) ([]netip.Addr, error)
}

const (
	stepTimeout = 5 * time.Second // the dial timeout of go-redis and rueidis
	// A chain of credentials asks the managed identity endpoint for a second, and starts command
	// line tools, each of which may take 10 seconds.
	credentialTimeouts = 3
)

// Examine goes through all steps, and returns what it found. It blocks until then: for three
// timeouts at the credential, and for one at each other step.
func Examine(ctx context.Context, opts Options) *Report {
	if opts.TLS == nil {
		opts.TLS = &tls.Config{}
	}
	if opts.Timeout <= 0 {
		opts.Timeout = stepTimeout
	}
	if opts.Dial == nil {
		opts.Dial = (&net.Dialer{}).DialContext
	}
	if opts.Lookup == nil {
		opts.Lookup = func(ctx context.Context, hostname string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", hostname)
		}
	}
	began := time.Now()
	e := &examination{
		opts: opts, verdicts: map[string]Verdict{},
		known: facts{"user": opts.Username, "client_id": opts.ClientID, "tenant": opts.Tenant},
	}
	defer e.close()
	report := &Report{Format: Format, Program: opts.Program, Address: opts.Address, At: began.UTC().Truncate(time.Second)}
	for _, s := range steps() {
		report.Steps = append(report.Steps, e.take(ctx, s))
	}
	report.Service = e.service
	report.Millis = time.Since(began).Milliseconds()
	if e.verdicts["login"] == OK {
		report.Settings = &e.settings
	}
	report.judge()
	return report
}

// A Plan is one step before it is taken. It is not taken if one that it needs has failed or was
// skipped.
type Plan struct {
	Name  string
	Needs []string
	Finds string // out, for readers
}

// Plans returns all steps, in the order in which they are taken.
func Plans() []Plan {
	var all []Plan
	for _, s := range steps() {
		all = append(all, s.Plan)
	}
	return all
}

type step struct {
	Plan
	check func(context.Context, *examination) outcome
}

func steps() []step {
	return []step{
		{Plan{"address", nil, "whose cache it is, and whether the port is the usual one"}, checkAddress},
		{Plan{"credential", nil, "whether a token can be acquired, and which credential of the chain returned it"}, checkCredential},
		{Plan{"identity", []string{"credential"}, "user, client id, tenant and audience of the token, and whether they fit the user name"}, checkIdentity},
		{Plan{"dns", []string{"address"}, "the addresses of the host, and whether they are private"}, checkDNS},
		{Plan{"tcp", []string{"dns"}, "whether the server takes connections"}, checkTCP},
		{Plan{"tls", []string{"tcp"}, "the version, and the names in the certificate"}, checkTLS},
		{Plan{"server", []string{"tls"}, "whether Redis answers, before any login"}, checkServer},
		{Plan{"login", []string{"identity", "server"}, "what the server answers to AUTH"}, checkLogin},
		{Plan{"renewal", []string{"login"}, "whether it takes a second AUTH on the open connection"}, checkRenewal},
		{Plan{"pipeline", []string{"login"}, "whether it takes a command behind an AUTH in flight, as new connections send it"}, checkPipeline},
		{Plan{"protocol", []string{"login"}, "the version of the server, and whether it speaks RESP3"}, checkProtocol},
		{Plan{"cluster", []string{"protocol"}, "whether it is a cluster, and whether a client reaches all of its nodes"}, checkCluster},
		{Plan{"commands", []string{"protocol"}, "which of the clients' first commands the access policy forbids"}, checkCommands},
		{Plan{"clock", nil, "how far this machine's clock is from Entra's, or else from Redis's"}, checkClock},
	}
}

// An outcome is what one step came to.
type outcome struct {
	verdict Verdict
	detail  string
	cause   string // its id
}

func fine(format string, args ...any) outcome {
	return outcome{verdict: OK, detail: fmt.Sprintf(format, args...)}
}

func skipped(format string, args ...any) outcome {
	return outcome{verdict: Skipped, detail: fmt.Sprintf(format, args...)}
}

func warning(cause, format string, args ...any) outcome {
	return outcome{verdict: Warning, cause: cause, detail: fmt.Sprintf(format, args...)}
}

func failed(cause, format string, args ...any) outcome {
	return outcome{verdict: Failed, cause: cause, detail: fmt.Sprintf(format, args...)}
}

// An examination is under way. What one step finds out, later ones use.
type examination struct {
	opts     Options
	verdicts map[string]Verdict
	known    facts

	service        Service
	hostname, port string
	addresses      []netip.Addr

	source *entra.Source
	token  entra.Token
	claims claims
	// suspicion is the cause that explains a refused login, as far as the token says.
	suspicion string

	isPlain bool // without TLS, which only an address on this machine may be
	isOpen  bool // the server takes commands without a login
	// isStandalone is what the server says of itself in the answer to HELLO.
	isStandalone bool
	conn         net.Conn
	session      *session
	settings     Settings
}

// take takes one step.
func (e *examination) take(ctx context.Context, s step) Step {
	began := time.Now()
	result := e.check(ctx, s)
	e.verdicts[s.Name] = result.verdict
	done := Step{Name: s.Name, Verdict: result.verdict, Detail: printable(result.detail), Millis: time.Since(began).Milliseconds()}
	if result.cause != "" {
		finding := causeOf(result.cause).find(e.known, e.service)
		done.Finding = &finding
	}
	return done
}

func (e *examination) check(ctx context.Context, s step) outcome {
	var missing []string
	for _, name := range s.Needs {
		if v := e.verdicts[name]; v == Failed || v == Skipped {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return skipped("needs %s", strings.Join(missing, ", "))
	}
	timeout := e.opts.Timeout
	if s.Name == "credential" {
		timeout *= credentialTimeouts
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return s.check(ctx, e)
}

// open makes another connection like the first one, and logs in on none.
func (e *examination) open(ctx context.Context) (net.Conn, error) {
	conn, err := e.opts.Dial(ctx, "tcp", e.opts.Address)
	if err != nil || e.isPlain {
		return conn, err
	}
	secured := tls.Client(conn, e.tlsConfig())
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // nothing was sent on it
		return nil, err
	}
	return secured, nil
}

// tlsConfig is what adapters make of the program's.
func (e *examination) tlsConfig() *tls.Config {
	config := e.opts.TLS.Clone()
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	if config.ServerName == "" {
		config.ServerName = e.hostname
	}
	return config
}

func (e *examination) close() {
	if e.conn != nil {
		_ = e.conn.Close() // what it was for is done
	}
	if e.source != nil {
		_ = e.source.Close() // it has no other users
	}
}

// addressKinds says of addresses whether they are private.
func addressKinds(addresses []netip.Addr) string {
	private := func(a netip.Addr) bool { return a.Unmap().IsPrivate() || a.Unmap().IsLoopback() }
	switch {
	case !slices.ContainsFunc(addresses, private):
		return "public"
	case slices.ContainsFunc(addresses, func(a netip.Addr) bool { return !private(a) }):
		return "private and public"
	}
	return "private"
}
