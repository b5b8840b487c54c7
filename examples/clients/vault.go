package clients

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/hashicorp/vault/api"
)

// A VaultRole is a static role of Vault's database engine: one user, whose password Vault changes. Path is for example
// "database/static-creds/app".
type VaultRole struct {
	Client *api.Client
	Path   string
}

// GetToken implements [azcore.TokenCredential].
func (v VaultRole) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	secret, err := v.Client.Logical().ReadWithContext(ctx, v.Path)
	if err != nil {
		return azcore.AccessToken{}, fmt.Errorf("vault: %w", err)
	}
	if secret == nil {
		return azcore.AccessToken{}, fmt.Errorf("vault: nothing is at %s", v.Path)
	}
	password, _ := secret.Data["password"].(string)
	ttl, _ := secret.Data["ttl"].(json.Number) // seconds until Vault changes the password
	seconds, err := ttl.Int64()
	if err != nil {
		return azcore.AccessToken{}, fmt.Errorf("vault: the ttl at %s: %w", v.Path, err)
	}
	return azcore.AccessToken{Token: password, ExpiresOn: time.Now().Add(time.Duration(seconds) * time.Second)}, nil
}
