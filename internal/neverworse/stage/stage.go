// Package stage sets up what a client and its twin with a password log in to, for tests that compare the two.
package stage

import (
	"testing"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// A Stage is a Redis server with Microsoft Entra on a network in memory, and a Source that has a token for it.
type Stage struct {
	Addr    string
	Network *entratest.Network
	Gateway *entratest.Gateway
	Source  *entra.Source
	// User and Password log in to the same server without the library, until the token expires.
	User, Password string
}

// New returns a Stage that ends with the test. Call it in a bubble of testing/synctest.
func New(t *testing.T) *Stage {
	t.Helper()
	s := &Stage{Addr: "10.6.3.80:6380", Network: entratest.NewNetwork()} // no name: go-redis looks names up
	l, err := s.Network.Listen(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	sts := entratest.NewSTS(nil)
	s.Gateway = entratest.NewGateway(l, &entratest.GatewayOptions{STS: sts})
	t.Cleanup(func() { _ = s.Gateway.Close() }) // an error would be of the backend, which the test has judged
	s.Source, err = entra.NewSource(sts.Credential(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Source.Close() }) // always nil
	token, err := s.Source.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.User, s.Password = token.Credentials()
	return s
}
