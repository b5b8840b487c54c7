package entratest

import (
	"context"
	"net/http"
	"time"
)

// A Fault makes an [STS] misbehave. Its fields combine: the request first waits (Delay, Hang), then fails
// (Refuse, Status), or else is answered with a token that is not as it should be (the rest). The zero Fault does
// nothing but count requests. Of several faults that fit a request, the one that was injected first strikes.
type Fault struct {
	// Endpoint is where it strikes; empty means wherever tokens are given.
	Endpoint Endpoint
	// Count is how many requests it strikes; 0 means all until [FaultHandle.Remove].
	Count int

	Delay time.Duration // before anything else; ends early with the request's context
	Hang  bool          // until the request's context ends, or the fault is removed
	// HangIgnoringContext hangs until the fault is removed, also after the context has ended, as a
	// credential that runs a stuck program. The request is then answered.
	HangIgnoringContext bool

	// Refuse fails the request as if no server listened at that address. Over HTTP with sockets,
	// where that is impossible, the connection is cut.
	Refuse bool

	// Status answers with this HTTP status, Body and, if not empty, the header Retry-After. An empty Body with a
	// Status of 400 or more gets Entra's usual JSON. At the endpoint Direct, Status 200 makes Body the token.
	Status     int
	RetryAfter string
	Body       string

	Token      string         // is served in place of a token: opaque, garbage
	Repeat     bool           // serves the token before once more, as caches do
	NoObjectID bool           // leaves out the claim oid
	Revoked    bool           // no gateway accepts it, although nothing is wrong with it
	Claims     map[string]any // are added to the token's, or take their place
}

// wait applies the part of a fault that takes time. Its error is the context's.
func (f *Fault) wait(ctx context.Context, removed <-chan struct{}) error {
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-removed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if f.HangIgnoringContext {
		<-removed
		return nil
	}
	if f.Hang {
		select {
		case <-removed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (f *Fault) answer() answer {
	a := answer{status: f.Status, header: http.Header{}, body: []byte(f.Body)}
	if f.Body == "" && f.Status >= 400 {
		a = oauthError(f.Status, "temporarily_unavailable", 90033, "A transient error has occurred. Please try again.")
	}
	a.header.Set("Content-Type", "application/json; charset=utf-8")
	if f.RetryAfter != "" {
		a.header.Set("Retry-After", f.RetryAfter)
	}
	return a
}
