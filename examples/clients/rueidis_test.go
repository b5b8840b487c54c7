package clients_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/rueidis"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/examples/clients"
)

// Entra is away for longer than a token lives. What the function returns is a token that the server takes and a moment in
// the future, or an error.
func TestRueidisCredentialsReturnNothingOfThePast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sts := entratest.NewSTS(nil)
		source, err := entra.NewSource(sts.Credential(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer source.Close()
		time.AfterFunc(20*time.Minute, func() {
			outage := sts.Inject(entratest.Fault{Status: 503})
			time.AfterFunc(2*time.Hour, outage.Remove)
		})
		refused := 0
		for began := time.Now(); time.Since(began) < 4*time.Hour; time.Sleep(700 * time.Millisecond) { // not at the moment of an expiry
			before := time.Now()
			got, err := clients.RueidisCredentials(source)(rueidis.AuthCredentialsContext{})
			if waited := time.Since(before); waited > 5*time.Second {
				t.Fatalf("it waited for %v", waited)
			}
			if err != nil {
				refused++
				if refresh := (*entra.RefreshError)(nil); !errors.As(err, &refresh) || got != (rueidis.AuthCredentials{}) {
					t.Fatalf("%v, want a *RefreshError", err)
				}
				continue
			}
			claims, err := sts.Verify(got.Password)
			if err != nil || got.Username != entratest.ObjectID {
				t.Fatalf("%s with a token that is no good: %v", got.Username, err)
			}
			wait, left := time.Until(got.RefreshAfter), time.Until(claims.ExpiresOn)
			if wait < time.Second || wait > max(left-3*time.Minute, left/2, time.Second) {
				t.Fatalf("RefreshAfter is in %v, the token expires in %v", wait, left)
			}
		}
		if refused == 0 {
			t.Error("there was a token at any time")
		}
	})
}

// While Entra is away, a connection is authenticated a few times more with the token that is there.
func TestRueidisCredentialsCauseFewAuthsWhileEntraIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sts := entratest.NewSTS(nil)
		s := newSite(t, sts.Credential(), "", entratest.GatewayOptions{STS: sts})
		gateway := s.gateway
		client := newCallbackClient(t, s.network, s.source, false)
		defer client.Close()
		time.Sleep(20 * time.Minute)
		outage := sts.Inject(entratest.Fault{Status: 503})
		time.Sleep(55*time.Minute - 2*time.Second) // the token lives for 75
		outage.Remove()
		conns := gateway.Stats().Accepted
		if auths := gateway.Stats().Auths - conns; auths < conns || auths > 15*conns {
			t.Errorf("%d AUTHs on %d connections in the last minutes of a token", auths, conns)
		}
	})
}
