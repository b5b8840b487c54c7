package entragoredis_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// Entra is away for longer than a token lives. What the function returns is a token that the server takes, or an error.
func TestCredentialsReturnNoExpiredToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sts := entratest.NewSTS(nil)
		source, err := entra.NewSource(sts.Credential(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer source.Close()
		credentials := entragoredis.Credentials(source)
		time.AfterFunc(20*time.Minute, func() {
			outage := sts.Inject(entratest.Fault{Status: 503})
			time.AfterFunc(2*time.Hour, outage.Remove)
		})
		refused := 0
		for began := time.Now(); time.Since(began) < 4*time.Hour; time.Sleep(59 * time.Second) { // not at the moment of an expiry
			before := time.Now()
			username, password, err := credentials(t.Context())
			if waited := time.Since(before); waited > 5*time.Second {
				t.Fatalf("it waited for %v", waited)
			}
			if err != nil {
				refused++
				if refresh := (*entra.RefreshError)(nil); !errors.As(err, &refresh) || username+password != "" {
					t.Fatalf("%v, want a *RefreshError", err)
				}
				continue
			}
			if _, err := sts.Verify(password); err != nil || username != entratest.ObjectID {
				t.Fatalf("%s with a token that is no good: %v", username, err)
			}
		}
		if refused == 0 {
			t.Error("there was a token at any time")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_ = source.Close()
		if _, _, err := credentials(ctx); !errors.Is(err, entra.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
	if _, _, err := entragoredis.Credentials(nil)(t.Context()); !errors.As(err, new(*entra.ConfigError)) {
		t.Errorf("without a Source: %v", err)
	}
}
