package entratest

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
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
	faults  faults[Fault]
	clock   clock
	issuer  issuer
	arcKeys arcKeys

	mu       sync.Mutex
	requests []Request
}

// NewSTS returns an STS. The first token takes a fraction of a second, for a process's signing key is made then.
func NewSTS(opts *STSOptions) *STS {
	if opts == nil {
		opts = &STSOptions{}
	}
	s := &STS{
		clock:   clock{starved: opts.Starved},
		issuer:  issuer{objectID: cmp.Or(opts.ObjectID, ObjectID), refreshIn: opts.RefreshIn},
		arcKeys: arcKeys{folder: opts.ArcKeyFolder},
	}
	s.issuer.clock = &s.clock
	s.SetLifetime(opts.Lifetime)
	return s
}

// SetLifetime changes how long tokens live from the next one on, see [STSOptions].
func (s *STS) SetLifetime(d time.Duration) {
	if d == 0 {
		d = DefaultLifetime
	}
	s.issuer.setLifetime(d)
}

// SetRefreshIn changes refresh_in from the next answer on, see [STSOptions].
func (s *STS) SetRefreshIn(d time.Duration) { s.issuer.setRefreshIn(d) }

// SetClock sets the clocks of an STS and of the gateways that it vouches for to be ahead of this
// machine's, or behind it if ahead is negative, from now on. They start right. Tokens carry the
// dates of that clock, and end by it: connections whose tokens have expired by the new time are
// closed at once. What is said in seconds, such as expires_in, stays what it was. The times in
// [Request] and [Auth] are this machine's.
//
// A bubble of testing/synctest has one clock, which cannot be set. To a client it makes no
// difference whose clock is set: it can only notice that the two have moved apart.
func (s *STS) SetClock(ahead time.Duration) { s.clock.set(ahead) }

// Inject makes a fault strike from now on.
func (s *STS) Inject(f Fault) *FaultHandle { return s.faults.inject(f, f.Count) }

// Issued returns how many tokens were made so far. Tokens served again and made-up ones do not count.
func (s *STS) Issued() int { return s.issuer.count() }

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

// Verify checks a token as Azure's Redis does: signed by this process's key, for Redis, not yet expired. Every
// STS of a process signs with the same key. The Claims are filled as far as the token could be read and its
// signature holds, also next to an error. That a token was revoked does not show in it.
func (s *STS) Verify(token string) (Claims, error) {
	c, err := readClaims(token)
	if err == nil && !s.clock.judged().Before(s.issuer.endOf(c)) {
		err = ErrExpired
	}
	return c, err
}

// Do answers a request with no network in between, and with the errors of [http.Client.Do]: a *url.Error around
// the context's error or a refused connection. It implements policy.Transporter.
func (s *STS) Do(r *http.Request) (*http.Response, error) {
	a, err := s.answer(r)
	if err != nil {
		method := r.Method[:1] + strings.ToLower(r.Method[1:])
		return nil, &url.Error{Op: method, URL: r.URL.String(), Err: err}
	}
	return a.response(r), nil
}

// ServeHTTP implements http.Handler.
func (s *STS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, err := s.answer(r)
	if err != nil {
		panic(http.ErrAbortHandler) // net/http's way to cut the connection without an answer
	}
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client may have gone
}

// answer serves one request: records it, plays the fault that fits, and asks the endpoint.
func (s *STS) answer(r *http.Request) (answer, error) {
	if err := r.Context().Err(); err != nil {
		return answer{}, err
	}
	form, err := readForm(r)
	if err != nil {
		return answer{}, err
	}
	e := endpointOf(r)
	s.record(Request{At: time.Now(), Endpoint: e, Form: form, Header: r.Header.Clone()})
	f, err := s.strike(r.Context(), e)
	if err != nil {
		return answer{}, err
	}
	if f.Status != 0 {
		return f.answer(), nil
	}
	switch e {
	case Discovery:
		return discover(r), nil
	case Keys:
		return jsonAnswer(http.StatusOK, signingKey().jwks()), nil
	case Token:
		return answerToken(&s.issuer, r, form, f), nil
	case IMDS, AppService:
		return answerManagedIdentity(&s.issuer, e, form, f), nil
	case Arc, ArcChallenge:
		return answerArc(&s.arcKeys, &s.issuer, r, e, form, f), nil
	case IMDSProbe:
		return jsonAnswer(http.StatusBadRequest, map[string]any{
			"error": "invalid_request", "error_description": "Required metadata header not specified",
		}), nil
	case Direct, unknown:
	}
	return jsonAnswer(http.StatusNotFound, map[string]any{
		"error": "not_found", "error_description": "entratest: no endpoint at " + r.URL.Path,
	}), nil
}

// strike applies the waiting and the refusing of the fault that fits, and returns that fault for
// the rest. It returns the zero Fault if none fits.
func (s *STS) strike(ctx context.Context, e Endpoint) (Fault, error) {
	f, handle := s.faults.strike(func(f Fault, _ *FaultHandle) bool {
		return f.Endpoint == e || f.Endpoint == "" && e.givesTokens()
	})
	if handle == nil {
		return Fault{}, nil
	}
	if err := f.wait(ctx, handle.gone); err != nil {
		return Fault{}, err
	}
	if f.Refuse {
		return Fault{}, errRefused
	}
	return f, nil
}

func (s *STS) record(r Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
}

// Credential returns a credential that has s make a token at every call: no HTTP, no cache, and times to the
// microsecond, so that tokens may live for milliseconds. Faults strike it at the endpoint [Direct]; those with
// a Status give the *azidentity.AuthenticationFailedError that a real credential would.
func (s *STS) Credential() azcore.TokenCredential { return directCredential{s} }

// ClientOptions returns options that make an azidentity credential send its requests to s, without sockets.
func (s *STS) ClientOptions() azcore.ClientOptions { return azcore.ClientOptions{Transport: s} }

// ClientSecretCredential returns azidentity's own credential, as a service uses it, wired to s.
func (s *STS) ClientSecretCredential() (azcore.TokenCredential, error) {
	return azidentity.NewClientSecretCredential(TenantID, ClientID, ClientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: s.ClientOptions()})
}
