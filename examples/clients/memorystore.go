package clients

import (
	"context"
	"fmt"

	"cloud.google.com/go/auth"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// A Memorystore gives access tokens of Google Cloud to Memorystore with IAM. Tokens is what
// credentials.DetectDefault of cloud.google.com/go/auth returns for the scope
// "https://www.googleapis.com/auth/cloud-platform".
type Memorystore struct{ Tokens auth.TokenProvider }

// GetToken implements [azcore.TokenCredential].
func (m Memorystore) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := m.Tokens.Token(ctx)
	if err != nil {
		return azcore.AccessToken{}, fmt.Errorf("memorystore: credentials of Google: %w", err)
	}
	return azcore.AccessToken{Token: token.Value, ExpiresOn: token.Expiry}, nil
}
