package entra_test

import (
	"context"
	"fmt"
	"log"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// An Observer is for metrics of your own. Package otelentra is one for OpenTelemetry.
func ExampleObserver() {
	observer := &entra.Observer{
		RefreshDone: func(_ context.Context, info entra.RefreshDoneInfo) {
			if info.Err == nil {
				fmt.Println("acquired a token:", info.Trigger)
			}
		},
		AuthDone: func(_ context.Context, info entra.AuthDoneInfo) {
			if info.Refused {
				fmt.Println(info.Conn.ServerAddr, "refused an AUTH:", info.Err)
			}
		},
		ConnClosed: func(_ context.Context, info entra.ConnClosedInfo) {
			if info.Reason != entra.CloseByClient {
				fmt.Println("lost a connection to", info.Conn.ServerAddr, "after", info.Age, "because of", info.Reason)
			}
		},
	}
	src, err := entra.NewSource(entratest.NewSTS(nil).Credential(), &entra.Options{Observer: observer})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := src.Token(context.Background()); err != nil {
		log.Fatal(err)
	}
	_ = src.Close() // waits for the Observer
	// Output: acquired a token: initial
}

func ExampleJoinObservers() {
	acquired, attempts := 0, 0
	joined := entra.JoinObservers(
		&entra.Observer{RefreshDone: func(context.Context, entra.RefreshDoneInfo) { acquired++ }},
		&entra.Observer{AttemptDone: func(context.Context, entra.AttemptDoneInfo) { attempts++ }},
	)
	src, err := entra.NewSource(entratest.NewSTS(nil).Credential(), &entra.Options{Observer: joined})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := src.Token(context.Background()); err != nil {
		log.Fatal(err)
	}
	_ = src.Close() // waits for both
	fmt.Println(acquired, attempts)
	// Output: 1 1
}
