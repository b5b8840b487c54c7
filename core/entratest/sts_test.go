package entratest_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/entraredis/entraredis/core/entratest"
)

var redisScope = policy.TokenRequestOptions{Scopes: []string{"https://redis.azure.com/.default"}}

// verified gets a token, and fails the test unless sts vouches for it and it lives as long as cred believes.
func verified(t *testing.T, sts *entratest.STS, cred azcore.TokenCredential) entratest.Claims {
	t.Helper()
	tok, err := cred.GetToken(t.Context(), redisScope)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := sts.Verify(tok.Token)
	if err != nil {
		t.Fatal(err)
	}
	if claims.ObjectID != entratest.ObjectID || claims.TokenID == "" {
		t.Errorf("claims = %+v", claims)
	}
	if over := claims.ExpiresOn.Sub(tok.ExpiresOn); over < -time.Millisecond || over > time.Second {
		t.Errorf("token expires %v after what the credential says", over)
	}
	return claims
}

func TestAzidentityCredentialsWorkAgainstSTS(t *testing.T) {
	tokenFile := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(tokenFile, []byte("federated"), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	cert := selfSigned(t, key)
	cases := []struct {
		name     string
		endpoint entratest.Endpoint
		env      map[string]string
		make     func(azcore.ClientOptions) (azcore.TokenCredential, error)
	}{
		{"client secret", entratest.Token, nil, func(o azcore.ClientOptions) (azcore.TokenCredential, error) {
			return azidentity.NewClientSecretCredential(entratest.TenantID, entratest.ClientID, entratest.ClientSecret,
				&azidentity.ClientSecretCredentialOptions{ClientOptions: o})
		}},
		{"client secret, China", entratest.Token, nil, func(o azcore.ClientOptions) (azcore.TokenCredential, error) {
			o.Cloud = cloud.AzureChina
			return azidentity.NewClientSecretCredential(entratest.TenantID, entratest.ClientID, entratest.ClientSecret,
				&azidentity.ClientSecretCredentialOptions{ClientOptions: o})
		}},
		{"certificate", entratest.Token, nil, func(o azcore.ClientOptions) (azcore.TokenCredential, error) {
			return azidentity.NewClientCertificateCredential(entratest.TenantID, entratest.ClientID,
				[]*x509.Certificate{cert}, key, &azidentity.ClientCertificateCredentialOptions{ClientOptions: o})
		}},
		{"assertion", entratest.Token, nil, func(o azcore.ClientOptions) (azcore.TokenCredential, error) {
			return azidentity.NewClientAssertionCredential(entratest.TenantID, entratest.ClientID,
				func(context.Context) (string, error) { return "assertion", nil },
				&azidentity.ClientAssertionCredentialOptions{ClientOptions: o})
		}},
		{"workload identity", entratest.Token, nil, func(o azcore.ClientOptions) (azcore.TokenCredential, error) {
			return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
				ClientOptions: o, ClientID: entratest.ClientID, TenantID: entratest.TenantID, TokenFilePath: tokenFile,
			})
		}},
		{"IMDS", entratest.IMDS, nil, func(o azcore.ClientOptions) (azcore.TokenCredential, error) {
			return azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
				ClientOptions: o, ID: azidentity.ClientID(rand.Text()),
			})
		}},
		{"App Service", entratest.AppService,
			map[string]string{"IDENTITY_ENDPOINT": "http://127.0.0.1:41741/msi/token", "IDENTITY_HEADER": "header"},
			func(o azcore.ClientOptions) (azcore.TokenCredential, error) {
				return azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
					ClientOptions: o, ID: azidentity.ClientID(rand.Text()),
				})
			}},
		{"default through environment", entratest.Token,
			map[string]string{"AZURE_TENANT_ID": entratest.TenantID, "AZURE_CLIENT_ID": entratest.ClientID, "AZURE_CLIENT_SECRET": entratest.ClientSecret},
			func(o azcore.ClientOptions) (azcore.TokenCredential, error) {
				return azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{ClientOptions: o})
			}},
		{"default through IMDS", entratest.IMDS, map[string]string{"AZURE_CLIENT_ID": rand.Text()},
			func(o azcore.ClientOptions) (azcore.TokenCredential, error) {
				return azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{ClientOptions: o})
			}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			check := func(t *testing.T) {
				sts := entratest.NewSTS(nil)
				cred, err := c.make(sts.ClientOptions())
				if err != nil {
					t.Fatal(err)
				}
				first := verified(t, sts, cred)
				if again := verified(t, sts, cred); again.TokenID != first.TokenID {
					t.Error("the credential did not cache the token")
				}
				last := sts.Requests()[len(sts.Requests())-1]
				if last.Endpoint != c.endpoint {
					t.Errorf("the token came from %s, want %s", last.Endpoint, c.endpoint)
				}
			}
			synctest.Test(t, check)
			check(t)
		})
	}
}

func TestCredentialGetsNewTokenFiveMinutesBeforeExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sts := entratest.NewSTS(nil)
		cred, err := sts.ClientSecretCredential()
		if err != nil {
			t.Fatal(err)
		}
		first := verified(t, sts, cred)
		time.Sleep(entratest.DefaultLifetime - 5*time.Minute)
		if same := verified(t, sts, cred); same != first {
			t.Error("renewed too early")
		}
		time.Sleep(time.Second)
		second := verified(t, sts, cred)
		if second.TokenID == first.TokenID || sts.Issued() != 2 {
			t.Errorf("second token %+v after %+v, %d issued", second, first, sts.Issued())
		}
	})
}

func TestSTSWorksOverSockets(t *testing.T) {
	sts := entratest.NewSTS(nil)
	server := httptest.NewTLSServer(sts)
	t.Cleanup(server.Close)
	cred, err := azidentity.NewClientSecretCredential(entratest.TenantID, entratest.ClientID, entratest.ClientSecret,
		&azidentity.ClientSecretCredentialOptions{
			DisableInstanceDiscovery: true,
			ClientOptions: azcore.ClientOptions{
				Transport: server.Client(),
				Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: server.URL},
				Retry:     policy.RetryOptions{MaxRetries: -1},
			},
		})
	if err != nil {
		t.Fatal(err)
	}
	verified(t, sts, cred)
	sts.Inject(entratest.Fault{Refuse: true, Endpoint: entratest.Discovery})
	sts.Inject(entratest.Fault{Refuse: true})
	claims := redisScope
	claims.Claims = "{}" // skips the credential's cache
	if _, err := cred.GetToken(t.Context(), claims); err == nil {
		t.Error("a token although the connection was cut")
	}
}

func TestWrongSecretIsRefusedAsEntraDoes(t *testing.T) {
	sts := entratest.NewSTS(nil)
	cred, err := azidentity.NewClientSecretCredential(entratest.TenantID, entratest.ClientID, "wrong",
		&azidentity.ClientSecretCredentialOptions{ClientOptions: sts.ClientOptions()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = cred.GetToken(t.Context(), redisScope)
	var failed *azidentity.AuthenticationFailedError
	if !errors.As(err, &failed) || failed.RawResponse == nil || failed.RawResponse.StatusCode != 401 {
		t.Errorf("err = %v", err)
	}
}

func selfSigned(t *testing.T, key *rsa.PrivateKey) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "app"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
