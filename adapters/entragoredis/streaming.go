package entragoredis

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"sync"

	"github.com/entraredis/entraredis/adapters/internal/settings"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/redis/go-redis/v9/auth"
)

// StreamingCredentials gives the tokens of a Source to go-redis's own renewal, as a StreamingCredentialsProvider in its
// options. It is the last resort, for libraries that let their users set that and no Dialer. What go-redis makes of it is
// less than [Configure] does: it renews no connection that is in use, blocked or subscribed, and go-redis 9.23 panics in
// Client.Conn and keeps 67 KB for each subscription that was closed. docs/libraries.md has the list.
//
// It runs one goroutine while it has listeners, which ends with the last of them or with the Source. Its methods are safe
// for concurrent use.
type StreamingCredentials struct {
	src *entra.Source

	mu        sync.Mutex
	listeners map[auth.CredentialsListener]bool
	stop      chan struct{} // ends the goroutine; nil while there is none
}

// NewStreamingCredentials returns a StreamingCredentials with the tokens of src.
func NewStreamingCredentials(src *entra.Source) (*StreamingCredentials, error) {
	if err := settings.CheckSource(src); err != nil {
		return nil, err
	}
	return &StreamingCredentials{src: src, listeners: map[auth.CredentialsListener]bool{}}, nil
}

// Subscribe implements [auth.StreamingCredentialsProvider]. While there is no valid token it waits for one, for 5 seconds
// at most, and returns the error of [entra.Source.Token].
//
// The listener's OnNext is called for each newer token, one listener after the other. OnError is never called: go-redis
// closes the connection then, while the token that it has may be valid for long. A listener that subscribes again is
// called once for each token, and each of its functions unsubscribes it, also from OnNext. A token that is being handed out
// at that moment may still reach it. Credentials hand out the token that is newest when they are asked, and empty strings
// while there is no valid one.
func (s *StreamingCredentials) Subscribe(listener auth.CredentialsListener) (auth.Credentials, auth.UnsubscribeFunc, error) {
	if !reflect.ValueOf(listener).IsValid() || !reflect.ValueOf(listener).Comparable() {
		return nil, nil, &entra.ConfigError{Field: "listener", Reason: "is nil or cannot be compared; pass a pointer"}
	}
	s.add(listener) // first, so that it misses no token
	ctx, cancel := context.WithTimeout(context.Background(), credentialsPatience)
	defer cancel()
	if _, err := s.src.Token(ctx); err != nil {
		s.remove(listener)
		return nil, nil, err
	}
	return credentials{s.src}, func() error { s.remove(listener); return nil }, nil
}

func (s *StreamingCredentials) add(listener auth.CredentialsListener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners[listener] = true
	if s.stop == nil {
		s.stop = make(chan struct{})
		token, changed := s.src.Latest()
		go s.follow(token, changed, s.stop)
	}
}

// remove does not wait for the goroutine to end, because that may be the caller.
func (s *StreamingCredentials) remove(listener auth.CredentialsListener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, listener)
	if len(s.listeners) == 0 && s.stop != nil {
		close(s.stop)
		s.stop = nil
	}
}

// follow tells the listeners of each token that comes after one, until stop or the end of the Source.
func (s *StreamingCredentials) follow(token entra.Token, changed <-chan struct{}, stop chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-changed:
		}
		if s.src.Status().Closed {
			return
		}
		var newer entra.Token
		newer, changed = s.src.Latest()
		if newer.IsZero() || newer == token {
			continue
		}
		token = newer
		for _, listener := range s.listening(stop) {
			listener.OnNext(credentials{s.src})
		}
	}
}

// listening returns the listeners, none for a goroutine whose successor runs already.
func (s *StreamingCredentials) listening(stop chan struct{}) []auth.CredentialsListener {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop != stop {
		return nil
	}
	return slices.Collect(maps.Keys(s.listeners))
}

// credentials are those of the newest token. They hold no token, so nothing that prints them shows one.
type credentials struct{ src *entra.Source }

// BasicAuth implements [auth.Credentials].
func (c credentials) BasicAuth() (username, password string) {
	token, _ := c.src.Latest()
	return token.Credentials()
}

// RawCredentials implements [auth.Credentials] with the token alone.
func (c credentials) RawCredentials() string {
	_, password := c.BasicAuth()
	return password
}
