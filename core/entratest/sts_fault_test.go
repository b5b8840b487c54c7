package entratest_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"net/url"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/entraredis/entraredis/core/entratest"
)

func TestSTSFaults(t *testing.T) {
	get := func(ctx context.Context, sts *entratest.STS) (azcore.AccessToken, error) {
		return sts.Credential().GetToken(ctx, redisScope)
	}
	run := func(name string, f func(t *testing.T, sts *entratest.STS)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { f(t, entratest.NewSTS(nil)) })
		})
	}
	run("status and Retry-After, counted", func(t *testing.T, sts *entratest.STS) {
		h := sts.Inject(entratest.Fault{Status: 429, RetryAfter: "7", Count: 2})
		for range 2 {
			_, err := get(t.Context(), sts)
			var failed *azidentity.AuthenticationFailedError
			if !errors.As(err, &failed) || failed.RawResponse.StatusCode != 429 || failed.RawResponse.Header.Get("Retry-After") != "7" {
				t.Errorf("err = %v", err)
			}
		}
		if _, err := get(t.Context(), sts); err != nil || h.Hits() != 2 {
			t.Errorf("after the fault: %v, %d hits", err, h.Hits())
		}
	})
	run("throttles azidentity too", func(t *testing.T, sts *entratest.STS) {
		h := sts.Inject(entratest.Fault{Endpoint: entratest.Token, Status: 503, Count: 2})
		cred, err := sts.ClientSecretCredential()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cred.GetToken(t.Context(), redisScope); err != nil || h.Hits() != 2 {
			t.Errorf("err %v after %d hits", err, h.Hits())
		}
	})
	run("hang ends with the context", func(t *testing.T, sts *entratest.STS) {
		sts.Inject(entratest.Fault{Hang: true})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		if _, err := get(ctx, sts); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("err %v after %v", err, time.Since(start))
		}
	})
	run("hang ends with the fault", func(t *testing.T, sts *entratest.STS) {
		h := sts.Inject(entratest.Fault{HangIgnoringContext: true})
		ctx, cancel := context.WithCancel(t.Context())
		got := make(chan error)
		go func() { _, err := get(ctx, sts); got <- err }()
		if err := h.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		cancel()
		synctest.Wait()
		select {
		case <-got:
			t.Fatal("it heeded the context")
		default:
		}
		h.Remove()
		h.Remove()
		if err := <-got; err != nil {
			t.Error(err)
		}
	})
	run("refused", func(t *testing.T, sts *entratest.STS) {
		sts.Inject(entratest.Fault{Refuse: true})
		if _, err := get(t.Context(), sts); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("err = %v", err)
		}
	})
	run("refused as http.Client says it", func(t *testing.T, sts *entratest.STS) {
		sts.Inject(entratest.Fault{Refuse: true, Endpoint: entratest.Discovery})
		r := httptest.NewRequestWithContext(t.Context(), "GET", "https://login.microsoftonline.com/common/discovery/instance", nil)
		_, err := sts.Do(r)
		var ue *url.Error
		if !errors.As(err, &ue) || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("err = %v", err)
		}
	})
	run("repeat", func(t *testing.T, sts *entratest.STS) {
		first, err := get(t.Context(), sts)
		if err != nil {
			t.Fatal(err)
		}
		sts.Inject(entratest.Fault{Repeat: true, Count: 1})
		time.Sleep(time.Hour)
		if again, err := get(t.Context(), sts); err != nil || again != first {
			t.Errorf("again = %v, %v", again, err)
		}
		if next, err := get(t.Context(), sts); err != nil || next == first || sts.Issued() != 2 {
			t.Errorf("next = %v, %v, %d issued", next, err, sts.Issued())
		}
	})
	run("contents", func(t *testing.T, sts *entratest.STS) {
		sts.Inject(entratest.Fault{Token: "opaque", Count: 1})
		sts.Inject(entratest.Fault{Status: 200, Count: 1})
		sts.Inject(entratest.Fault{NoObjectID: true, Count: 1})
		sts.Inject(entratest.Fault{Claims: map[string]any{"oid": "someone"}, Count: 1})
		if tok, err := get(t.Context(), sts); err != nil || tok.Token != "opaque" {
			t.Errorf("opaque: %v", err)
		}
		if tok, err := get(t.Context(), sts); err != nil || tok.Token != "" {
			t.Errorf("empty: %v", err)
		}
		for _, want := range []string{"", "someone"} {
			tok, err := get(t.Context(), sts)
			if err != nil {
				t.Fatal(err)
			}
			if claims, err := sts.Verify(tok.Token); err != nil || claims.ObjectID != want {
				t.Errorf("oid = %q, %v", claims.ObjectID, err)
			}
		}
	})
	run("waiting for a fault that never strikes", func(t *testing.T, sts *entratest.STS) {
		h := sts.Inject(entratest.Fault{Endpoint: entratest.IMDS})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := h.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("err = %v", err)
		}
		h.Remove()
		if err := h.Wait(t.Context()); err == nil {
			t.Error("nil although it was removed")
		}
	})
}
