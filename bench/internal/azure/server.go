// Package azure is Entra and an Azure-like Redis in a process of their own, so that what a client's process does can be
// measured alone: tokens of any life, a gateway that closes connections when their token expires, and its counts.
package azure

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// argument makes a program serve instead of doing what it is for.
const argument = "serve-azure"

// Serve serves if this process was started to, and reports whether it was. main calls it first.
func Serve() (served bool) {
	if len(os.Args) != 2 || os.Args[1] != argument {
		return false
	}
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "azure:", err)
		os.Exit(1)
	}
	return true
}

// addresses are what the process says when it is ready.
type addresses struct {
	Gateway, Backend, Control string
}

func serve() error {
	ctx := context.Background()
	backend, err := entratest.StartRedis(ctx, "--maxclients", "30000")
	if err != nil {
		return err
	}
	defer backend.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	sts := entratest.NewSTS(&entratest.STSOptions{Lifetime: 24 * time.Hour})
	gateway := entratest.NewGateway(l, &entratest.GatewayOptions{STS: sts, Backend: backend})
	defer gateway.Close()
	control, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { _ = http.Serve(control, handler(sts, gateway)) }()
	ready, err := json.Marshal(addresses{Gateway: gateway.Addr(), Backend: backend.Addr(), Control: control.Addr().String()})
	if err != nil {
		return err
	}
	fmt.Println(string(ready))
	_, err = os.Stdin.Read(make([]byte, 1)) // until the parent process closes it, or ends
	if err != nil && strings.Contains(err.Error(), "EOF") {
		return nil
	}
	return err
}

// A token is one as it goes over the wire.
type token struct {
	Token     string
	ExpiresOn time.Time
}

func handler(sts *entratest.STS, gateway *entratest.Gateway) http.Handler {
	cred := sts.Credential()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /token", func(w http.ResponseWriter, r *http.Request) {
		t, err := cred.GetToken(r.Context(), policy.TokenRequestOptions{Scopes: []string{entra.DefaultScope}})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(token{t.Token, t.ExpiresOn})
	})
	mux.HandleFunc("POST /lifetime", func(w http.ResponseWriter, r *http.Request) {
		d, err := time.ParseDuration(r.URL.Query().Get("d"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		sts.SetLifetime(d)
	})
	mux.HandleFunc("POST /clock", func(w http.ResponseWriter, r *http.Request) {
		ahead, err := time.ParseDuration(r.URL.Query().Get("ahead"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		sts.SetClock(ahead)
	})
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(gateway.Stats())
	})
	mux.HandleFunc("GET /auths", func(w http.ResponseWriter, r *http.Request) {
		from, _ := strconv.Atoi(r.URL.Query().Get("from")) // 0 if it is not there
		all := gateway.Auths()
		_ = json.NewEncoder(w).Encode(all[min(from, len(all)):])
	})
	return mux
}
