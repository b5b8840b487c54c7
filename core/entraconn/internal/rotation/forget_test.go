package rotation_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
)

// isInMemory reports whether a credential is reachable.
func isInMemory(cred weak.Pointer[rotation.Credential]) bool {
	synctest.Wait()
	for range 3 {
		runtime.GC()
	}
	return cred.Value() != nil
}

// weakLogin logs in, closes the connection, and returns the credential without keeping it.
func weakLogin(s *site) weak.Pointer[rotation.Credential] {
	c := s.login()
	defer c.close()
	return weak.Make(c.Accepted())
}

func TestServerWithoutConnectionsForgetsItsTokens(t *testing.T) {
	inBubble(t, func(s *site) {
		cred := weakLogin(s)
		time.Sleep(9 * time.Minute)
		if !isInMemory(cred) {
			t.Error("forgotten after 9 minutes: the next login does not know that the server accepts it")
		}
		if again := weakLogin(s); again.Value() != cred.Value() {
			t.Error("the same token was encoded twice")
		}
		time.Sleep(9 * time.Minute)
		if !isInMemory(cred) {
			t.Error("forgotten 9 minutes after the last connection")
		}
		time.Sleep(2 * time.Minute)
		if isInMemory(cred) {
			t.Error("still there 11 minutes after the last connection")
		}
	})
}

// A token that the server has accepted stays one when it is forgotten: one refusal is not the word of
// the server. A refusal that is ends it, and so does another token.
func TestForgottenTokenStaysProven(t *testing.T) {
	for _, ends := range []string{"refusal", "newer token"} {
		t.Run(ends, func(t *testing.T) {
			inBubble(t, func(s *site) {
				cred := weakLogin(s)
				number := cred.Value().Number()
				time.Sleep(11 * time.Minute)
				if isInMemory(cred) {
					t.Fatal("not forgotten")
				}
				best, proven := s.server.Best(time.Now())
				if !proven || !s.server.IsProven(best) || best.Number() != number {
					t.Errorf("number %d, proven %t; want %d, which the server has accepted", best.Number(), proven, number)
				}
				if ends == "refusal" {
					s.server.LoginRefused(best)
				} else {
					s.nextToken()
				}
				if again, proven := s.server.Best(time.Now()); proven || (again.Number() == number) != (ends == "refusal") {
					t.Errorf("number %d after %d, proven %t", again.Number(), number, proven)
				}
			})
		})
	}
}

// A client may dial a server that is gone, again and again.
func TestServerThatIsOnlyDialedForgetsItsTokens(t *testing.T) {
	inBubble(t, func(s *site) {
		if _, err := s.src.Token(s.t.Context()); err != nil {
			t.Fatal(err)
		}
		asked := func() weak.Pointer[rotation.Credential] {
			best, _ := s.server.Best(time.Now())
			return weak.Make(best)
		}()
		if !isInMemory(asked) {
			t.Error("forgotten at once")
		}
		time.Sleep(11 * time.Minute)
		if isInMemory(asked) {
			t.Error("still there 11 minutes after the dial")
		}
	})
}

// Old tokens go as soon as no connection has one, however long the client lives.
func TestClientKeepsNoOlderTokens(t *testing.T) {
	inBubble(t, func(s *site) {
		gone := weakLogin(s)
		other := s.login()
		for range 3 {
			s.nextToken()
		}
		time.Sleep(11 * time.Minute) // the rotation to the last one
		if isInMemory(gone) {
			t.Error("the first token is still there, although three newer ones came since")
		}
		other.close()
	})
}
