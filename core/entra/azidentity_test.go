package entra_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/google/uuid"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// secretCredential is a real service principal of a fake Entra. It asks the STS once for each
// token, after the requests for discovery that come before the first.
func secretCredential(t testing.TB, sts *entratest.STS) azcore.TokenCredential {
	t.Helper()
	cred, err := sts.ClientSecretCredential()
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

// managedIdentity is one of its own: azidentity keeps the tokens of managed identities for the
// whole process.
func managedIdentity(t testing.TB, sts *entratest.STS) azcore.TokenCredential {
	t.Helper()
	cred, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
		ClientOptions: sts.ClientOptions(), ID: azidentity.ClientID(uuid.NewString()),
	})
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

// tokenRequests returns the requests for tokens that reached sts.
func tokenRequests(sts *entratest.STS) (got []entratest.Request) {
	for _, r := range sts.Requests() {
		if r.Endpoint == entratest.Token || r.Endpoint == entratest.IMDS {
			got = append(got, r)
		}
	}
	return got
}

func forRealCredentials(t *testing.T, f func(*testing.T, *entratest.STS, azcore.TokenCredential)) {
	for name, make := range map[string]func(testing.TB, *entratest.STS) azcore.TokenCredential{
		"client secret": secretCredential, "managed identity": managedIdentity,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sts := entratest.NewSTS(nil)
				f(t, sts, make(t, sts))
			})
		})
	}
}

func TestRenewsRealCredentialsBeforeTheirCacheWould(t *testing.T) {
	forRealCredentials(t, func(t *testing.T, sts *entratest.STS, cred azcore.TokenCredential) {
		src := newSource(t, cred, nil)
		if got := mustToken(t, src).Username(); got != entratest.ObjectID {
			t.Errorf("user name %q", got)
		}
		start := time.Now()
		time.Sleep(24 * time.Hour)
		requests := tokenRequests(sts)
		if n := len(requests); n < 24 || n > 28 {
			t.Errorf("%d tokens in 24 hours, want one for each 70 to 80 %% of 75 minutes", n)
		}
		checkGap(t, "first renewal", start, requests[1].At, life*3/10-time.Second, life*8/10)
		if got := src.Status(); !got.Valid || got.Err != nil {
			t.Errorf("status %+v", got)
		}
	})
}

func TestRenewsRealCredentialsAtTheirRefreshOn(t *testing.T) {
	forRealCredentials(t, func(t *testing.T, sts *entratest.STS, cred azcore.TokenCredential) {
		sts.SetRefreshIn(30 * time.Minute)
		src := newSource(t, cred, nil)
		mustToken(t, src)
		start := time.Now()
		_, superseded := src.Latest()
		<-superseded
		checkGap(t, "renewed", start, time.Now(), 30*time.Minute-time.Second, life*8/10)
	})
}

func TestRefusedClaimsLeaveTheTokenToTheLastMinutes(t *testing.T) {
	forRealCredentials(t, func(t *testing.T, sts *entratest.STS, cred azcore.TokenCredential) {
		src := newSource(t, cred, nil)
		tok := mustToken(t, src)
		// What reaches Entra at the renewal point is the request with claims: the plain one meets
		// the cache.
		fault := sts.Inject(entratest.Fault{Status: 400, Count: 1})
		_, superseded := src.Latest()
		<-superseded
		if fault.Hits() != 1 {
			t.Errorf("%d requests refused", fault.Hits())
		}
		checkGap(t, "renewed before the expiry", time.Now(), tok.ExpiresOn(), 4*time.Minute-time.Second, 5*time.Minute)
		if got := src.Status(); got.Err != nil {
			t.Errorf("status %+v", got)
		}
	})
}

func TestStatusAndRetryAfterOfRealCredentialsAreSeen(t *testing.T) {
	for _, tt := range []struct {
		fault entratest.Fault
		want  entra.Kind
		least time.Duration // before the next try
	}{
		{entratest.Fault{Status: 429, RetryAfter: "17"}, entra.KindThrottled, 17 * time.Second},
		{entratest.Fault{Status: 503, RetryAfter: "9"}, entra.KindNetwork, 9 * time.Second},
		{entratest.Fault{Status: 400}, entra.KindRejected, time.Second},
		{entratest.Fault{Status: 401}, entra.KindRejected, time.Second},
		{entratest.Fault{Status: 500}, entra.KindNetwork, time.Second},
		{entratest.Fault{Refuse: true}, entra.KindNetwork, time.Second},
		{entratest.Fault{Hang: true}, entra.KindTimedOut, 30 * time.Second},
		{entratest.Fault{Status: 200, Body: "<html>"}, entra.KindNetwork, time.Second},
		{entratest.Fault{Token: "opaque"}, entra.KindMalformed, time.Second},
		{entratest.Fault{NoObjectID: true}, entra.KindMalformed, time.Second},
	} {
		t.Run(string(tt.want), func(t *testing.T) {
			forRealCredentials(t, func(t *testing.T, sts *entratest.STS, cred azcore.TokenCredential) {
				sts.SetLifetime(4 * time.Minute) // which azidentity does not cache
				fault := tt.fault
				fault.Count = 1
				handle := sts.Inject(fault)
				src := newSource(t, cred, nil)
				start := time.Now()
				for src.Status().Err == nil {
					time.Sleep(time.Second / 4)
				}
				var got *entra.RefreshError
				_ = errors.As(src.Status().Err, &got)
				if got.Kind != tt.want {
					t.Errorf("%+v: %v, want %s", tt.fault, got, tt.want)
				}
				mustToken(t, src)
				if d := time.Since(start); d < tt.least {
					t.Errorf("%+v: next try after %v, want %v", tt.fault, d, tt.least)
				}
				if n := len(tokenRequests(sts)); n != 2 || handle.Hits() != 1 {
					t.Errorf("%+v: %d requests, want azcore's own retries off", tt.fault, n)
				}
			})
		})
	}
}

func TestOutageOfEntraWithRealCredentials(t *testing.T) {
	forRealCredentials(t, func(t *testing.T, sts *entratest.STS, cred azcore.TokenCredential) {
		src := newSource(t, cred, nil)
		tok := mustToken(t, src)
		time.Sleep(life / 4)
		outage := sts.Inject(entratest.Fault{Status: 503})
		time.Sleep(time.Until(tok.ExpiresOn()) - time.Second)
		if got := mustToken(t, src); got != tok {
			t.Error("lost the token before its expiry")
		}
		time.Sleep(time.Hour)
		if got := src.Status(); got.Valid || got.Err == nil {
			t.Errorf("status %+v", got)
		}
		outage.Remove()
		start := time.Now()
		mustToken(t, src)
		checkGap(t, "recovered", start, time.Now(), 0, 2*time.Second)
	})
}

func TestTokensOfMillisecondsFromTheTestKit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sts := entratest.NewSTS(&entratest.STSOptions{Lifetime: 50 * time.Millisecond})
		src := newSource(t, sts.Credential(), nil)
		mustToken(t, src)
		for range 100 {
			tok, superseded := src.Latest()
			<-superseded
			if time.Now().After(tok.RenewBy()) {
				t.Fatalf("renewed %v late", time.Since(tok.RenewBy()))
			}
		}
	})
}
