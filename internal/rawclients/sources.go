package rawclients

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
)

// Sources are one Source for each life of a token that scripts have, and two Dialers for each.
type Sources struct {
	sources map[time.Duration]*entra.Source
	dialers map[dialerKey]*entraconn.Dialer
}

type dialerKey struct {
	life          time.Duration
	separateLogin bool
}

// renewInterval is how soon after a token the next one is asked for, if it lives so long. Package
// entra adds some milliseconds to it.
const renewInterval = 5 * time.Millisecond

// NewSources starts the Sources. It returns when tokens follow each other every few milliseconds.
func NewSources() (*Sources, error) {
	s := &Sources{sources: map[time.Duration]*entra.Source{}, dialers: map[dialerKey]*entraconn.Dialer{}}
	for _, life := range lives {
		credential := &rapidCredential{life: life}
		src, err := entra.NewSource(credential, nil)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.sources[life] = src
		for _, separate := range []bool{false, true} {
			s.dialers[dialerKey{life, separate}] = entraconn.NewDialer(src, &entraconn.Options{SeparateLogin: separate})
		}
		for credential.issued.Load() < 5 {
			_, newer := src.Latest()
			<-newer
		}
	}
	return s, nil
}

// Close stops the Sources.
func (s *Sources) Close() error {
	var err error
	for _, src := range s.sources {
		err = errors.Join(err, src.Close())
	}
	return err
}

// nearest returns the life of tokens, of those that there are, which is nearest to d.
func (s *Sources) nearest(d time.Duration) time.Duration {
	best := lives[0]
	for _, life := range lives {
		if (life - d).Abs() < (best - d).Abs() {
			best = life
		}
	}
	return best
}

// Dialer implements [Connector].
func (s *Sources) Dialer(separateLogin bool, life time.Duration) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return s.dialers[dialerKey{s.nearest(life), separateLogin}].DialFunc(DialPlain)
}

// AwaitTokens implements [Connector].
func (s *Sources) AwaitTokens(life time.Duration, n int) {
	src := s.sources[s.nearest(life)]
	for range n {
		_, newer := src.Latest()
		<-newer
	}
}

// A rapidCredential gives a newer token every few milliseconds. The first one lives for longer: a Source
// that finds its first token expired, because the machine did something else for as long as that
// lived, waits a second for the next one, as it would for one of Entra's.
type rapidCredential struct {
	life   time.Duration
	issued atomic.Int64
}

func (r *rapidCredential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	now, life := time.Now(), r.life
	if r.issued.Add(1) == 1 {
		life = time.Second / 2
	}
	exp := now.Add(life)
	claims := fmt.Sprintf(`{"oid":%q,"iat":%.6f,"exp":%.6f,"pad":%q}`, User, seconds(now), seconds(exp), strings.Repeat("x", 900))
	token := "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	return azcore.AccessToken{Token: token, ExpiresOn: exp, RefreshOn: now.Add(renewInterval)}, nil
}

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }
