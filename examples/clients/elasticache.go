package clients

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// An ElastiCache makes tokens for Amazon ElastiCache with IAM: URLs that are signed for 15 minutes. Cache is the name of
// the replication group or of the serverless cache, and User the id of the user, both in lower case.
type ElastiCache struct {
	Credentials         aws.CredentialsProvider // of an aws.Config
	Region, Cache, User string
	Serverless          bool
}

// GetToken implements [azcore.TokenCredential].
func (e ElastiCache) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	now := time.Now()
	query := url.Values{"Action": {"connect"}, "User": {e.User}, "X-Amz-Expires": {"900"}}
	if e.Serverless {
		query.Set("ResourceType", "ServerlessCache")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+e.Cache+"/?"+query.Encode(), nil)
	if err != nil {
		return azcore.AccessToken{}, fmt.Errorf("elasticache: the name of the cache: %w", err)
	}
	creds, err := e.Credentials.Retrieve(ctx)
	if err != nil {
		return azcore.AccessToken{}, fmt.Errorf("elasticache: credentials of AWS: %w", err)
	}
	const ofNoBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // SHA-256
	signed, _, err := v4.NewSigner().PresignHTTP(ctx, creds, req, ofNoBody, "elasticache", e.Region, now)
	if err != nil {
		return azcore.AccessToken{}, fmt.Errorf("elasticache: signing: %w", err)
	}
	return azcore.AccessToken{Token: strings.TrimPrefix(signed, "http://"), ExpiresOn: now.Add(15 * time.Minute)}, nil
}
