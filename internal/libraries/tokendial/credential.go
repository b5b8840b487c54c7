package tokendial

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// A credential gives tokens with random lives. The first one lives for half a second at least: a Source that finds its
// first token expired, because the machine did something else for as long as that lived, waits a second for the next.
type credential struct {
	shortest, longest time.Duration

	issued atomic.Int64
}

func (c *credential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	life := c.shortest + rand.N(c.longest-c.shortest+1)
	if c.issued.Add(1) == 1 {
		life = max(life, time.Second/2)
	}
	now := time.Now()
	exp := now.Add(life)
	// 1,500 bytes is what tokens of Entra have.
	claims := fmt.Sprintf(`{"oid":%q,"iat":%.6f,"exp":%.6f,"pad":%q}`, User, seconds(now), seconds(exp), strings.Repeat("x", 1000))
	token := "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	return azcore.AccessToken{Token: token, ExpiresOn: exp}, nil
}

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }
