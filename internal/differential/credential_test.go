package differential

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraredis/entraredis/core/entra"
)

// A rapid credential gives tokens that live some milliseconds, so that a renewal is always under way somewhere. The first
// one lives for longer: a Source that finds its first token expired, because the machine did something else for as long as
// that lived, waits a second for the next one, as it would for one of Entra's.
type rapid struct {
	life  time.Duration
	sizes []int // of the tokens, roughly, in turn; 1,500 bytes if there are none

	issued atomic.Int64
}

// source returns a Source whose tokens follow each other every few milliseconds already.
func (r *rapid) source(t *testing.T) *entra.Source {
	t.Helper()
	src, err := entra.NewSource(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.Close() })
	for r.issued.Load() < 5 {
		_, newer := src.Latest()
		<-newer
	}
	return src
}

const user = "00000000-0000-0000-0000-0000000d1ff0"

func (r *rapid) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	now, size, life := time.Now(), 1500, r.life
	n := int(r.issued.Add(1))
	if len(r.sizes) > 0 {
		size = r.sizes[n%len(r.sizes)]
	}
	if n == 1 {
		life = time.Second / 2
	}
	exp := now.Add(life)
	claims := fmt.Sprintf(`{"oid":%q,"iat":%.6f,"exp":%.6f,"pad":%q}`, user, seconds(now), seconds(exp), strings.Repeat("x", size*3/4-150))
	token := "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	return azcore.AccessToken{Token: token, ExpiresOn: exp, RefreshOn: now.Add(r.life)}, nil
}

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }
