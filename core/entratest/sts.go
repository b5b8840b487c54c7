package entratest

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// What an [STS] knows. Any tenant and client id will do; a client secret must be ClientSecret.
const (
	TenantID     = "b5c1a0e2-3a4f-4c6e-9d0b-7f1e2d3c4b5a"
	ClientID     = "6f0d7c1e-52b8-4f7a-8f43-0c9a1b2d3e4f"
	ClientSecret = "entratest-client-secret"
	// ObjectID is the default of [STSOptions.ObjectID]: the identity whose tokens are given, and so the Redis
	// user name.
	ObjectID = "0f8fad5b-d9cb-469f-a165-70867728950e"
)

// DefaultLifetime is in the middle of the 60 to 90 minutes that Entra gives an access token.
const DefaultLifetime = 75 * time.Minute

// STSOptions say what tokens look like. Nil and zero mean the defaults.
type STSOptions struct {
	// Lifetime is how long a token lives: [DefaultLifetime] if 0; a negative one gives expired tokens. Answers
	// over HTTP are in whole seconds, as Entra's: a token lives up to a second longer than its expires_in says.
	Lifetime time.Duration
	// RefreshIn is how long after it was issued a token should be renewed, in answers' refresh_in; none if 0.
	RefreshIn time.Duration
	// ObjectID is the claim oid: the constant [ObjectID] if empty.
	ObjectID string
	// ArcKeyFolder is where the endpoint of Azure Arc leaves its keys, one small file for each request, which it
	// removes when the key was used: the constant [ArcKeyFolder] for azidentity. It must exist. Empty means that
	// there is no Azure Arc.
	ArcKeyFolder string
	// Starved, if set, says for how long in all the program has been kept from running so far: [Watchdog.Starved].
	// Starvation after a token was issued is added to the token's life when this STS and its gateways judge it. What
	// the token says of itself stays the same, so a client that lives by that is early, not late.
	Starved func() time.Duration
}

// An STS is a fake Microsoft Entra: instance discovery, OpenID configuration, the v2.0 token endpoint for
// client credentials (secret, certificate, federated token), and the identity endpoints of Azure VMs (IMDS),
// App Service and Azure Arc. Its tokens are JWTs signed with RS256 by a throw-away key. Every azidentity credential
// that sends HTTP requests for an application works against it; that of Azure Arc needs a folder that only root may
// make, see [ArcKeyFolder].
//
// It is an http.Handler for tests over sockets, and a policy.Transporter for those without, also inside
// testing/synctest. It is safe for concurrent use, starts no goroutine and needs no closing.
type STS struct {
	faults       faults[Fault]
	clock        clock
	objectID     string
	arcKeyFolder string

	mu        sync.Mutex
	lifetime  time.Duration
	refreshIn time.Duration
	issued    int
	last      issuedToken
	revoked   map[string]bool // token ids
	// starvedAt is how long the program had starved when a token was issued, by token id. It is nil until a token is
	// issued by an STS with Starved.
	starvedAt map[string]time.Duration
	requests  []Request
	// The key for Azure Arc that was left last; empty once it was used.
	arcKey, arcKeyFile string
}

// NewSTS returns an STS. The first token takes a fraction of a second, for a process's signing key is made then.
func NewSTS(opts *STSOptions) *STS {
	if opts == nil {
		opts = &STSOptions{}
	}
	s := &STS{objectID: opts.ObjectID, refreshIn: opts.RefreshIn, arcKeyFolder: opts.ArcKeyFolder}
	s.clock.starved = opts.Starved
	if s.objectID == "" {
		s.objectID = ObjectID
	}
	s.SetLifetime(opts.Lifetime)
	return s
}

// SetLifetime changes how long tokens live from the next one on, see [STSOptions].
func (s *STS) SetLifetime(d time.Duration) {
	if d == 0 {
		d = DefaultLifetime
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lifetime = d
}

// SetRefreshIn changes refresh_in from the next answer on, see [STSOptions].
func (s *STS) SetRefreshIn(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refreshIn = d
}

// Inject makes a fault strike from now on.
func (s *STS) Inject(f Fault) *FaultHandle { return s.faults.inject(f, f.Count) }

// Issued returns how many tokens were made so far. Tokens served again and made-up ones do not count.
func (s *STS) Issued() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.issued
}

// A Request is one that an [STS] got.
type Request struct {
	At       time.Time
	Endpoint Endpoint
	Form     url.Values // of the URL and the body, secrets included
	Header   http.Header
}

// Requests returns every request so far, discovery included, in order of arrival.
func (s *STS) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// revokeLocked makes the servers refuse a token. It needs STS.mu.
func (s *STS) revokeLocked(tokenID string) {
	if s.revoked == nil {
		s.revoked = map[string]bool{}
	}
	s.revoked[tokenID] = true
}

func (s *STS) isRevoked(tokenID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.revoked[tokenID]
}

func (s *STS) record(r Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
}

// ClientOptions returns options that make an azidentity credential send its requests to s, without sockets.
func (s *STS) ClientOptions() azcore.ClientOptions { return azcore.ClientOptions{Transport: s} }

// ClientSecretCredential returns azidentity's own credential, as a service uses it, wired to s.
func (s *STS) ClientSecretCredential() (azcore.TokenCredential, error) {
	return azidentity.NewClientSecretCredential(TenantID, ClientID, ClientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: s.ClientOptions()})
}
