package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// chain is what most programs make.
const chain = "DefaultAzureCredential"

// credentialNames returns what -credential may be. The names are those of azidentity's types.
func credentialNames() []string {
	return []string{
		chain, "EnvironmentCredential", "WorkloadIdentityCredential", "ManagedIdentityCredential", "AzureCLICredential",
		"AzureDeveloperCLICredential",
	}
}

// environmentCredential returns the credential to which AZURE_TOKEN_CREDENTIALS restricts the
// chain. azidentity knows these names from version 1.11 on, and go.mod allows older ones.
func environmentCredential() string {
	for _, name := range credentialNames() {
		if strings.EqualFold(name, os.Getenv("AZURE_TOKEN_CREDENTIALS")) {
			return name
		}
	}
	return chain
}

// newCredential makes a credential as a program does that takes its settings from the environment.
func newCredential(name string, client azcore.ClientOptions) (azcore.TokenCredential, error) {
	var cred azcore.TokenCredential
	var err error
	switch name {
	case chain:
		cred, err = azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{ClientOptions: client})
	case "EnvironmentCredential":
		cred, err = azidentity.NewEnvironmentCredential(&azidentity.EnvironmentCredentialOptions{ClientOptions: client})
	case "WorkloadIdentityCredential":
		cred, err = azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{ClientOptions: client})
	case "ManagedIdentityCredential":
		opts := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: client}
		if id := os.Getenv("AZURE_CLIENT_ID"); id != "" {
			opts.ID = azidentity.ClientID(id)
		}
		cred, err = azidentity.NewManagedIdentityCredential(opts)
	case "AzureCLICredential":
		cred, err = azidentity.NewAzureCLICredential(nil)
	case "AzureDeveloperCLICredential":
		cred, err = azidentity.NewAzureDeveloperCLICredential(nil)
	default:
		err = fmt.Errorf("no credential %q", name)
	}
	if err != nil {
		return nil, err // cred may hold a nil pointer
	}
	return cred, nil
}
