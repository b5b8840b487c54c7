package differential

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// A rapid credential gives tokens that live some milliseconds, so that a renewal is always under way somewhere.
type rapid struct {
	life  time.Duration
	sizes []int // of the tokens, roughly, in turn; 1,500 bytes if there are none

	issued atomic.Int64
}

const user = "00000000-0000-0000-0000-0000000d1ff0"

func (r *rapid) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	now := time.Now()
	size := 1500
	if n := int(r.issued.Add(1)); len(r.sizes) > 0 {
		size = r.sizes[n%len(r.sizes)]
	}
	exp := now.Add(r.life)
	claims := fmt.Sprintf(`{"oid":%q,"iat":%.6f,"exp":%.6f,"pad":%q}`, user, seconds(now), seconds(exp), strings.Repeat("x", size*3/4-150))
	token := "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	return azcore.AccessToken{Token: token, ExpiresOn: exp}, nil
}

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }
