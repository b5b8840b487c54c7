package entra_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/google/uuid"

	"github.com/entraredis/entraredis/core/entratest"
)

// A credentialKind is a credential of azidentity as a service uses it.
type credentialKind struct {
	name    string
	managed bool // an identity of Azure's own, whose tokens may live for a day
	command bool // it runs a program, which says nothing of refresh_in
	prepare func(*testing.T)
	make    func(testing.TB, *entratest.STS) azcore.TokenCredential
}

func (k credentialKind) String() string { return k.name }

// credentialKinds lists all of azidentity that gets tokens for an application without a person.
func credentialKinds(t *testing.T) []credentialKind {
	key, certificate := selfSigned(t)
	federated := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(federated, []byte("federated"), 0o600); err != nil {
		t.Fatal(err)
	}
	return []credentialKind{
		{name: "client secret", make: secretCredential},
		{name: "client certificate", make: func(t testing.TB, sts *entratest.STS) azcore.TokenCredential {
			cred, err := azidentity.NewClientCertificateCredential(entratest.TenantID, entratest.ClientID, []*x509.Certificate{certificate}, key,
				&azidentity.ClientCertificateCredentialOptions{ClientOptions: sts.ClientOptions()})
			return must(t, cred, err)
		}},
		{name: "client assertion", make: func(t testing.TB, sts *entratest.STS) azcore.TokenCredential {
			assert := func(context.Context) (string, error) { return "assertion", nil }
			cred, err := azidentity.NewClientAssertionCredential(entratest.TenantID, entratest.ClientID, assert,
				&azidentity.ClientAssertionCredentialOptions{ClientOptions: sts.ClientOptions()})
			return must(t, cred, err)
		}},
		{name: "workload identity", make: func(t testing.TB, sts *entratest.STS) azcore.TokenCredential {
			cred, err := azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
				ClientOptions: sts.ClientOptions(), ClientID: entratest.ClientID, TenantID: entratest.TenantID, TokenFilePath: federated,
			})
			return must(t, cred, err)
		}},
		{name: "managed identity, IMDS", managed: true, make: managedIdentity},
		{name: "managed identity, App Service", managed: true, make: managedIdentity, prepare: func(t *testing.T) {
			t.Setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:41741/msi/token")
			t.Setenv("IDENTITY_HEADER", "header")
		}},
		{name: "managed identity, Azure Arc", managed: true, make: managedIdentity, prepare: func(t *testing.T) {
			t.Setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:40342/metadata/identity/oauth2/token")
			t.Setenv("IMDS_ENDPOINT", "http://127.0.0.1:40342")
			makeArcKeyFolder(t)
		}},
		{name: "DefaultAzureCredential, environment", make: throughDefault, prepare: func(t *testing.T) {
			t.Setenv("AZURE_TENANT_ID", entratest.TenantID)
			t.Setenv("AZURE_CLIENT_ID", entratest.ClientID)
			t.Setenv("AZURE_CLIENT_SECRET", entratest.ClientSecret)
		}},
		{name: "DefaultAzureCredential, IMDS", managed: true, make: throughDefault, prepare: func(t *testing.T) {
			t.Setenv("AZURE_CLIENT_ID", uuid.NewString())
		}},
		{name: "ChainedTokenCredential", make: func(t testing.TB, sts *entratest.STS) azcore.TokenCredential {
			unavailable := &credential{answer: func(context.Context, call) (azcore.AccessToken, error) {
				return azcore.AccessToken{}, azidentity.NewCredentialUnavailableError("not on this machine")
			}}
			cred, err := azidentity.NewChainedTokenCredential([]azcore.TokenCredential{unavailable, secretCredential(t, sts)}, nil)
			return must(t, cred, err)
		}},
		{name: "AzureCLICredential", command: true, make: commandLine, prepare: putAzOnPath},
	}
}

func must(t testing.TB, cred azcore.TokenCredential, err error) azcore.TokenCredential {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

func throughDefault(t testing.TB, sts *entratest.STS) azcore.TokenCredential {
	cred, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{ClientOptions: sts.ClientOptions()})
	return must(t, cred, err)
}

// makeArcKeyFolder makes the folder that azidentity looks for keys in, and removes it again if it
// was not there.
func makeArcKeyFolder(t *testing.T) {
	if _, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ID: azidentity.ClientID(uuid.NewString())}); err != nil {
		t.Skipf("azidentity before v1.14 gives Azure Arc no user-assigned identities: %v", err)
	}
	if _, err := os.Stat("/opt/azcmagent"); err == nil {
		t.Skip("this machine has an agent of Azure Arc, whose keys are none of a test's business")
	}
	var made []string
	for dir := entratest.ArcKeyFolder; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		made = append(made, dir)
	}
	if err := os.MkdirAll(entratest.ArcKeyFolder, 0o700); err != nil {
		t.Skipf("the keys of Azure Arc need root's rights: %v", err)
	}
	t.Cleanup(func() {
		for _, dir := range made {
			if err := os.Remove(dir); err != nil {
				t.Errorf("left behind: %v", err)
			}
		}
	})
}

// putAzOnPath puts a program in the place of the Azure CLI that says what is in the file of the
// variable AZ_ANSWER.
func putAzOnPath(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "az"), []byte("#!/bin/sh\nexec cat \"$AZ_ANSWER\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("AZ_ANSWER", filepath.Join(dir, "answer"))
}

// An azCommand is azidentity's credential for the Azure CLI, together with the CLI's own cache,
// which serves a token until 5 minutes before its expiry. A program has the machine's clock and not
// a bubble's, so the answer is made here, and the program prints it.
type azCommand struct {
	cli    azcore.TokenCredential
	entra  azcore.TokenCredential
	cached azcore.AccessToken
}

func commandLine(t testing.TB, sts *entratest.STS) azcore.TokenCredential {
	cli, err := azidentity.NewAzureCLICredential(nil)
	return &azCommand{cli: must(t, cli, err), entra: sts.Credential()}
}

func (a *azCommand) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if opts.Claims == "" && time.Until(a.cached.ExpiresOn) < 5*time.Minute {
		fresh, err := a.entra.GetToken(ctx, opts)
		if err != nil {
			return fresh, err
		}
		a.cached = fresh
	}
	answer, err := json.Marshal(map[string]any{"accessToken": a.cached.Token, "expires_on": a.cached.ExpiresOn.Unix()})
	if err != nil {
		return azcore.AccessToken{}, err
	}
	if err := os.WriteFile(os.Getenv("AZ_ANSWER"), answer, 0o600); err != nil {
		return azcore.AccessToken{}, err
	}
	return a.cli.GetToken(ctx, opts)
}

func selfSigned(t *testing.T) (*rsa.PrivateKey, *x509.Certificate) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "app"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, certificate
}
