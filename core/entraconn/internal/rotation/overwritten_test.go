package rotation_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
)

// overwrite is a client that has logged in by itself as our user.
func overwrite(c *conn) {
	c.set(func(c *conn) { c.accepted = c.accepted.Overwritten() })
	c.site.server.ClientLoggedIn(&c.member)
}

// An AUTH of ours follows at once, whether the connection is in a rotation or not, and is tried again
// if the server refuses it. No other connection takes part.
func TestOverwrittenConnectionGetsTheNewestCredentialAtOnce(t *testing.T) {
	for _, tc := range []struct {
		name    string
		refuses bool // the server, for a minute
		busy    bool // the client, for a minute
		rotates bool // a rotation is under way
	}{
		{name: "idle"}, {name: "refused", refuses: true}, {name: "busy", busy: true}, {name: "in a rotation", rotates: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				all := s.logins(10)
				defer closeAll(all)
				if tc.rotates {
					s.nextToken()
					time.Sleep(time.Second) // the canary
				}
				synctest.Wait()
				c, newest := all[0], newestOf(s)
				for _, other := range all {
					if tc.rotates && other.Accepted() != newest { // it has yet to be renewed
						c = other
					}
				}
				before := len(s.seen(0))
				s.set(tc.refuses, false)
				c.set(func(c *conn) { c.busy = tc.busy })
				overwrite(c)
				if tc.busy || tc.refuses {
					time.Sleep(time.Minute)
					s.set(false, false)
					if tc.busy {
						c.change(func(c *conn) { c.busy = false })
					}
				}
				time.Sleep(time.Minute)
				mine := 0
				for _, a := range s.seen(before) {
					if a.conn == c {
						mine++
					}
				}
				if tc.refuses != (mine > 1) || mine == 0 || c.Accepted() != newest {
					t.Errorf("%d AUTHs, and it has the newest credential: %v", mine, c.Accepted() == newest)
				}
				if others := len(s.seen(before)) - mine; others > 0 && !tc.rotates {
					t.Errorf("%d AUTHs of other connections", others)
				}
			})
		})
	}
}

// newestOf returns the credential that logins use.
func newestOf(s *site) *rotation.Credential {
	s.t.Helper()
	cred, err := s.server.LoginCredential(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return cred
}

// While our own token has expired, none is sent over the client's, which may be good.
func TestOverwrittenConnectionGetsNoExpiredToken(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.login()
		defer c.close()
		tok := c.Accepted().Token()
		s.src.Close() // no token follows
		time.Sleep(time.Until(tok.ExpiresOn()) + time.Second)
		before := len(s.seen(0))
		overwrite(c)
		time.Sleep(time.Minute)
		if n := len(s.seen(before)); n != 0 {
			t.Errorf("%d AUTHs with an expired token", n)
		}
	})
}

// An overwritten credential is that of the same token, and no login uses it.
func TestOverwrittenCredentialIsOlderThanAll(t *testing.T) {
	var tok entra.Token
	cred := rotation.NewCredential(tok, 7)
	overwritten := cred.Overwritten()
	if overwritten == cred || overwritten.Number() != 0 || overwritten.Token() != tok || string(overwritten.Wire()) != string(cred.Wire()) {
		t.Errorf("number %d", overwritten.Number())
	}
}
