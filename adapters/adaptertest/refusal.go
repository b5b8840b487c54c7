package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// credentialRejected catches a library that hides that Entra rejects the credential, that lets a
// caller wait for it until the caller's context ends, or that must be restarted when the credential
// is fixed.
func credentialRejected(e *env) {
	cred, err := e.sts.ClientSecretCredential() // whose errors say what Entra answered
	if err != nil {
		e.t.Fatal(err)
	}
	e.refusing(cred, entratest.Fault{Status: 401, Body: `{"error":"invalid_client"}`}, entra.KindRejected)()
	e.unnoticed()
}

// credentialSilent catches a library that leaves a caller with the end of its context, while Entra
// does not answer and nothing has failed yet.
func credentialSilent(e *env) {
	e.refusing(e.sts.Credential(), entratest.Fault{Hang: true}, entra.KindTimedOut)()
	e.unnoticed()
}

// tokenWithoutObjectID catches the same with a token that does not say which user logs in, and a
// Source that gives up a good token for such a one.
func tokenWithoutObjectID(e *env) {
	client := e.refusing(e.sts.Credential(), entratest.Fault{NoObjectID: true}, entra.KindMalformed)()
	fault := e.sts.Inject(entratest.Fault{NoObjectID: true, Count: 2})
	e.during(func() { e.awaitTokens(1) }, 2, e.interval(1000), func(int, int) error {
		_, err := client.Do(e.ctx, "INCR", "key")
		return err
	})
	if fault.Hits() != 2 {
		e.t.Errorf("%d tokens without oid were there, not 2: nothing was tested", fault.Hits())
	}
	e.unnoticed()
}

// refusing opens a client whose Source never had a token because of fault, and checks which kind of
// error the caller gets. mend removes the fault, waits until the client works, and returns it.
func (e *env) refusing(cred azcore.TokenCredential, fault entratest.Fault, want entra.Kind) (mend func() Client) {
	handle := e.sts.Inject(fault)
	e.feedCold(cred) // the Source of before may have a token
	client := e.open("refused", 2)
	e.eventually("the caller is told", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, e.atLeast(3*time.Second))
		defer cancel()
		_, err := client.Do(ctx, "INCR", "key")
		refresh := (*entra.RefreshError)(nil)
		if !errors.As(e.output.saw(err), &refresh) || refresh.Kind != want {
			err = fmt.Errorf("the caller got %w, want a *entra.RefreshError of kind %s", err, want)
		} else {
			err = nil
		}
		if e.virtual && ctx.Err() != nil {
			err = errors.Join(err, errors.New("the caller got no answer within 3 seconds"))
		}
		if err != nil && e.virtual { // in real time a dial may give up before the credential was asked
			e.t.Error(err)
			return nil
		}
		return err
	})
	return func() Client {
		handle.Remove()
		e.eventually("after it was mended", func(ctx context.Context) error {
			_, err := client.Do(ctx, "INCR", "key")
			return err
		})
		return client
	}
}
