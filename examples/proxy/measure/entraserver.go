package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// An entraServer gives a new token at each request.
type entraServer struct {
	*httptest.Server
	issued atomic.Int64
}

// serveTokens serves the tokens of sts. admit is called with each before it is given, by one request at a time.
func serveTokens(sts *entratest.STS, admit func(token string) error) *entraServer {
	s := &entraServer{}
	cred := sts.Credential()
	var admitting sync.Mutex
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t, err := cred.GetToken(context.WithoutCancel(r.Context()), policy.TokenRequestOptions{Scopes: []string{entra.DefaultScope}})
		t.RefreshOn = time.Now().Add(refreshIn)
		if err == nil {
			admitting.Lock()
			err = admit(t.Token)
			admitting.Unlock()
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		s.issued.Add(1)
		_ = json.NewEncoder(w).Encode(t) // a client that has gone asks again
	}))
	return s
}
