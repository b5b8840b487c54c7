package rotation_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// forever is a connection whose client went into MONITOR.
func forever(c *conn) { c.bar = rotation.Bar{Why: session.BecauseTakeover, Forever: true} }

func TestConnectionIsRetiredBeforeItsTokenExpires(t *testing.T) {
	inBubble(t, func(s *site) {
		all := s.logins(3)
		all[0].set(forever)
		all[0].set(func(c *conn) { c.lossless = true })
		old := all[0].Accepted().Token()
		time.Sleep(time.Until(old.ExpiresOn()))
		if remaining := old.ExpiresOn().Sub(all[0].retiredAt()); remaining != 20*time.Second {
			t.Errorf("retired %v before the end", remaining)
		}
		if !all[1].retiredAt().IsZero() || !all[2].retiredAt().IsZero() {
			t.Error("a connection that was renewed was retired")
		}
		closeAll(all)
	})
}

// A client that is in the middle of something is not cut off: the connection is retired after that,
// if there is time.
func TestRetirementWaitsForTheClient(t *testing.T) {
	for _, late := range []bool{false, true} {
		inBubble(t, func(s *site) {
			c := s.login()
			c.set(forever)
			tok := c.Accepted().Token()
			time.Sleep(time.Until(tok.ExpiresOn().Add(-10 * time.Second)))
			if late {
				time.Sleep(11 * time.Second)
			}
			at := time.Now()
			c.change(func(c *conn) { c.lossless = true })
			synctest.Wait()
			if want := !late; c.retiredAt().Equal(at) != want {
				t.Errorf("retired at once: %v, want %v", !want, want)
			}
			time.Sleep(time.Minute)
			c.close()
		})
	}
}
