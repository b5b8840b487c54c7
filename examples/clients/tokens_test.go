package clients_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cloud.google.com/go/auth"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/hashicorp/vault/api"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/examples/clients"
)

// A secrets knows which passwords a server takes.
type secrets struct {
	mu     sync.Mutex
	valid  map[string]time.Time // until when, zero for good
	issued int
}

// issue has the server take a password until some time.
func (s *secrets) issue(password string, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.valid == nil {
		s.valid = map[string]time.Time{}
	}
	s.valid[password] = until
	s.issued++
}

func (s *secrets) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.issued
}

// takes reports whether the server takes a password at this moment.
func (s *secrets) takes(password string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, known := s.valid[password]
	return known && (until.IsZero() || time.Now().Before(until))
}

// use sends a command every ten minutes, and the server ends all connections half way, so that there are new logins too.
func use(t *testing.T, s *site, hours int) {
	t.Helper()
	client := s.newClient(t)
	for n := 1; n <= 6*hours; n++ {
		if err := client.Incr(t.Context(), "visits").Err(); err != nil {
			t.Fatalf("after %d0 minutes: %v", n-1, err)
		}
		if n == 3*hours {
			s.gateway.DropAll()
		}
		time.Sleep(10 * time.Minute)
	}
	if stats := s.gateway.Stats(); stats.Expired > 0 || stats.Refused > 0 {
		t.Errorf("%d connections expired, %d AUTHs were refused", stats.Expired, stats.Refused)
	}
}

// Amazon takes a signed URL for 15 minutes, and ends a connection 12 hours after its last AUTH.
func TestElastiCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "example"}, nil
		})
		cred := clients.ElastiCache{Credentials: keys, Region: "eu-west-1", Cache: "orders", User: "app"}
		var signed secrets
		s := newSite(t, credentialFunc(func(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
			token, err := cred.GetToken(ctx, opts)
			signed.issue(token.Token, time.Now().Add(15*time.Minute))
			return token, err
		}), "app", entratest.GatewayOptions{Verify: func(user, password string) (time.Time, bool) {
			req, err := http.NewRequest(http.MethodGet, "http://"+password, nil)
			if err != nil {
				return time.Time{}, false
			}
			query := req.URL.Query()
			good := user == "app" && req.URL.Host == "orders" && query.Get("Action") == "connect" && query.Get("User") == "app" &&
				query.Get("X-Amz-Expires") == "900" && strings.Contains(query.Get("X-Amz-Credential"), "/eu-west-1/elasticache/aws4_request") &&
				query.Get("X-Amz-Signature") != "" && !query.Has("ResourceType")
			return time.Now().Add(12 * time.Hour), good && signed.takes(password)
		}})
		use(t, s, 30)
		if n := signed.count(); n < 30*60/15 {
			t.Errorf("%d tokens in 30 hours", n)
		}
	})
}

func TestElastiCacheServerlessIsSigned(t *testing.T) {
	keys := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "example", SessionToken: "session"}, nil
	})
	token, err := clients.ElastiCache{Credentials: keys, Region: "eu-west-1", Cache: "orders", User: "app", Serverless: true}.GetToken(t.Context(), policy.TokenRequestOptions{})
	if err != nil || !strings.Contains(token.Token, "ResourceType=ServerlessCache") || !strings.Contains(token.Token, "X-Amz-Security-Token=session") {
		t.Errorf("%s, %v", token.Token, err)
	}
}

// Google takes an access token for an hour, and leaves connections open after it. Its library keeps a token until
// 225 seconds before its end.
func TestMemorystore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var issued secrets
		tokens := auth.NewCachedTokenProvider(tokenFunc(func(context.Context) (*auth.Token, error) {
			token := &auth.Token{Value: fmt.Sprintf("ya29.%d", issued.count()), Expiry: time.Now().Add(time.Hour)}
			issued.issue(token.Value, token.Expiry)
			return token, nil
		}), nil)
		s := newSite(t, clients.Memorystore{Tokens: tokens}, "default", entratest.GatewayOptions{Verify: func(user, password string) (time.Time, bool) {
			return time.Time{}, user == "default" && issued.takes(password)
		}})
		use(t, s, 6)
		if n := issued.count(); n < 6 || n > 9 {
			t.Errorf("%d tokens in 6 hours", n)
		}
	})
}

// Vault changes the password of a static role every day. A day has one password, and the seconds until its end.
func TestVaultRole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		today := func() (password string, left time.Duration) {
			day := time.Since(began) / (24 * time.Hour)
			return fmt.Sprintf("password of day %d", day), (day+1)*24*time.Hour - time.Since(began)
		}
		config := api.DefaultConfig()
		config.Address, config.HttpClient = "http://vault.test:8200", &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			status, body := http.StatusNotFound, `{"errors":[]}`
			if password, left := today(); r.URL.Path == "/v1/database/static-creds/app" && r.Header.Get("X-Vault-Token") == "s.example" {
				status, body = http.StatusOK, fmt.Sprintf(`{"data":{"username":"app","password":%q,"rotation_period":86400,"ttl":%d}}`, password, int(left.Seconds()))
			}
			return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{}, Request: r}, nil
		})}
		vault, err := api.NewClient(config)
		if err != nil {
			t.Fatal(err)
		}
		vault.SetToken("s.example")
		if _, err := (clients.VaultRole{Client: vault, Path: "database/static-creds/other"}).GetToken(t.Context(), policy.TokenRequestOptions{}); err == nil {
			t.Error("a role that does not exist has a password")
		}
		s := newSite(t, clients.VaultRole{Client: vault, Path: "database/static-creds/app"}, "app", entratest.GatewayOptions{Verify: func(user, password string) (time.Time, bool) {
			want, _ := today()
			return time.Time{}, user == "app" && password == want
		}})
		use(t, s, 75)
	})
}

// The file has the same password for hours, then another one, and the server takes both for an hour.
func TestFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "password")
		var current secrets
		write := func(password string) {
			if err := os.WriteFile(path, []byte(password+"\n"), 0o600); err != nil {
				t.Error(err)
			}
		}
		current.issue("first", time.Now().Add(8*time.Hour))
		write("first")
		change := time.AfterFunc(7*time.Hour, func() {
			current.issue("second", time.Time{})
			write("second")
		})
		defer change.Stop()
		s := newSite(t, clients.File(path), "app", entratest.GatewayOptions{Verify: func(user, password string) (time.Time, bool) {
			return time.Time{}, user == "app" && current.takes(password)
		}})
		use(t, s, 24)
	})
}

type credentialFunc func(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error)

func (f credentialFunc) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return f(ctx, opts)
}

type tokenFunc func(context.Context) (*auth.Token, error)

func (f tokenFunc) Token(ctx context.Context) (*auth.Token, error) { return f(ctx) }

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
