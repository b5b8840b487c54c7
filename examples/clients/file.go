package clients

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// A File is a path at which something else keeps a password, for example the volume of a Kubernetes Secret.
type File string

// GetToken implements [azcore.TokenCredential]. The Source reads the file again within 8 minutes.
func (f File) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	password, err := os.ReadFile(string(f))
	return azcore.AccessToken{Token: strings.TrimSpace(string(password)), ExpiresOn: time.Now().Add(10 * time.Minute)}, err
}
