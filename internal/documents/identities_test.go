package documents_test

import (
	"regexp"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// Each constructor that the page about identities names is one of azidentity, whose next version may rename it.
func TestConstructorsOfIdentitiesAreThere(t *testing.T) {
	known := map[string]any{
		"NewAzureCLICredential":         azidentity.NewAzureCLICredential,
		"NewAzurePipelinesCredential":   azidentity.NewAzurePipelinesCredential,
		"NewClientAssertionCredential":  azidentity.NewClientAssertionCredential,
		"NewDefaultAzureCredential":     azidentity.NewDefaultAzureCredential,
		"NewEnvironmentCredential":      azidentity.NewEnvironmentCredential,
		"NewManagedIdentityCredential":  azidentity.NewManagedIdentityCredential,
		"NewWorkloadIdentityCredential": azidentity.NewWorkloadIdentityCredential,
	}
	named := map[string]bool{}
	for _, name := range regexp.MustCompile(`\bNew\w+Credential\b`).FindAllString(read(t, "../../docs/identities.md"), -1) {
		named[name] = true
		if known[name] == nil {
			t.Errorf("the page names %s: add it to this test, so that the compiler sees to it", name)
		}
	}
	for name := range known {
		if !named[name] {
			t.Errorf("the page does not name %s any more", name)
		}
	}
}
