package entra_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
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

// A program that can get no token should say so when it starts, and not with its first command.
func ExampleSource_Token() {
	src, err := entra.NewSource(entratest.NewSTS(nil).Credential(), &entra.Options{Logger: slog.Default()})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = src.Close() }()

	start, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	token, err := src.Token(start)
	if err != nil {
		log.Fatal(err) // says who gave no token, why, and what to check
	}
	fmt.Println("logs in as", token.Username())
	// Output: logs in as 0f8fad5b-d9cb-469f-a165-70867728950e
}

// A program that sends AUTH by itself, on a connection that no adapter serves, sends it again for each newer token. If
// the server refuses one, the Source asks for another.
func ExampleSource_Latest() {
	src, err := entra.NewSource(entratest.NewSTS(nil).Credential(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	if _, err := src.Token(context.Background()); err != nil {
		log.Fatal(err)
	}

	token, superseded := src.Latest()
	src.Reject(token) // here the server has refused it
	<-superseded
	newer, _ := src.Latest()
	fmt.Println(newer != token)
	// Output: true
}

// A Token may be logged. Only Credentials returns the secret.
func ExampleToken() {
	src, err := entra.NewSource(entratest.NewSTS(nil).Credential(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	token, err := src.Token(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	_, secret := token.Credentials()
	fmt.Println(strings.Contains(fmt.Sprintf("%+v", token), secret))
	fmt.Println(token.RenewBy().Before(token.ExpiresOn()))
	// Output:
	// false
	// true
}
