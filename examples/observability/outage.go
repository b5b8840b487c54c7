package main

import (
	"context"
	"net/http"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// wrongSecret is Entra's answer after the client secret was changed.
const wrongSecret = `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}`

// troubles are the kinds of trouble by the name of their flag. Each begins one and returns how to end it.
func troubles() map[string]func(*stage) (end func()) {
	return map[string]func(*stage) func(){
		"entra": func(s *stage) func() {
			return s.sts.Inject(entratest.Fault{Status: http.StatusUnauthorized, Body: wrongSecret}).Remove
		},
		"auth": func(s *stage) func() {
			return s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS invalid username-password pair"}).Remove
		},
		"drop": func(s *stage) func() {
			s.gateway.DropAll()
			return func() {}
		},
	}
}

// trouble makes the outages come and go until ctx ends, one after the other: all is well for two lives of a token, then
// there is trouble for one.
func (s *stage) trouble(ctx context.Context, outages []string, life time.Duration) {
	for i := 0; len(outages) > 0; i++ {
		if !rest(ctx, 2*life) {
			return
		}
		end := troubles()[outages[i%len(outages)]](s)
		if !rest(ctx, life) {
			return
		}
		end()
	}
}

// rest waits, and reports whether ctx is still there.
func rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
