package entra_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// readiness is a readiness probe for Kubernetes and the like, with the reason for an operator. The
// Source learns of a mend from the next login, so send a PING now and then while callers stay away.
// A service that can serve requests without Redis should not use it as its only probe.
func readiness(src *entra.Source) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		status := src.Status()
		if !isReady(status) {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = fmt.Fprintln(w, status.Health)
		_, _ = fmt.Fprintln(w, status.Reason) // says who refused and what to check; leave it out where strangers look
	}
}

// isReady reports whether there is a valid token and a Redis server serves the program: one that does
// not refuse its logins, or one that refuses them and still serves connections that are open. A static
// password that was changed leaves open connections alone as well.
func isReady(status entra.Status) bool {
	serves := func(server entra.ServerStatus) bool { return !server.AcceptedUntil.IsZero() }
	return status.Valid && (status.Health != entra.HealthRefused || slices.ContainsFunc(status.Servers, serves))
}

func ExampleSource_Status() {
	cred, err := entratest.NewSTS(nil).ClientSecretCredential()
	if err != nil {
		log.Fatal(err)
	}
	src, err := entra.NewSource(cred, nil)
	if err != nil {
		log.Fatal(err)
	}
	ready := readiness(src)

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := src.Token(ctx); err != nil {
		log.Fatal(err)
	}
	show := func() {
		answer := httptest.NewRecorder()
		ready(answer, nil)
		health, _, _ := strings.Cut(answer.Body.String(), "\n")
		fmt.Println(answer.Code, health)
	}
	show()
	_ = src.Close()
	show()
	// Output:
	// 200 ready
	// 503 closed
}
