package entra_test

import (
	"context"
	"fmt"
	"log"
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
