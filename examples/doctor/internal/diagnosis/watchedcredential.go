package diagnosis

import (
	"context"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// A watchedCredential remembers what a credential returned, without the token.
type watchedCredential struct {
	credential azcore.TokenCredential

	mu   sync.Mutex
	last acquisition
}

// GetToken implements [azcore.TokenCredential].
func (w *watchedCredential) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := w.credential.GetToken(ctx, opts)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = acquisition{}
	if err == nil {
		w.last = acquisition{happened: true, isEmpty: token.Token == "", expiresOn: token.ExpiresOn, claims: readClaims(token.Token)}
	}
	return token, err
}

// returned returns what the credential returned last.
func (w *watchedCredential) returned() acquisition {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}
