package entra_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

func ExampleNewSource() {
	// A program in Azure uses azidentity.NewDefaultAzureCredential here.
	cred, err := entratest.NewSTS(nil).ClientSecretCredential()
	if err != nil {
		log.Fatal(err)
	}
	src, err := entra.NewSource(cred, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = src.Close() }()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	token, err := src.Token(ctx)
	if err != nil {
		log.Fatal(err)
	}
	username, password := token.Credentials() // the arguments of AUTH
	fmt.Println(username, len(password) > 0)
	fmt.Println(src.Status().Valid)
	// Output:
	// 0f8fad5b-d9cb-469f-a165-70867728950e true
	// true
}

// A readiness probe for Kubernetes and the like: ready as long as there is a valid token, with the
// reason for an operator. A service that can serve requests without Redis should not use it as its
// only probe.
func ExampleSource_Status() {
	cred, err := entratest.NewSTS(nil).ClientSecretCredential()
	if err != nil {
		log.Fatal(err)
	}
	src, err := entra.NewSource(cred, nil)
	if err != nil {
		log.Fatal(err)
	}
	ready := func(w http.ResponseWriter, _ *http.Request) {
		status := src.Status()
		if !status.Valid {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = fmt.Fprintln(w, status.Health)
		_, _ = fmt.Fprintln(w, status.Reason) // says who refused and what to check; leave it out where strangers look
	}

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
