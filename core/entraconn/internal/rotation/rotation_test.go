package rotation_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

func TestCanaryGoesFirstAndTheOthersFollowEvenly(t *testing.T) {
	const n = 1000
	inBubble(t, func(s *site) {
		all := s.logins(n)
		old, began := s.nextToken()
		time.Sleep(time.Until(old.RenewBy()))
		synctest.Wait()
		auths := s.seen(0)
		if len(auths) != n {
			s.t.Fatalf("%d AUTHs for %d connections", len(auths), n)
		}
		if !auths[0].at.Before(auths[1].at) {
			t.Error("no connection waited for the canary")
		}
		tenths := make([]int, 10)
		renewed := map[*conn]bool{}
		for _, a := range auths {
			renewed[a.conn] = true
			tenths[min(9, int(a.at.Sub(began)/time.Minute))]++ // the window is 10 minutes long
		}
		if len(renewed) != n {
			t.Errorf("%d of %d connections were renewed", len(renewed), n)
		}
		for i, got := range tenths {
			if got < n/10*9/10 || got > n/10*11/10 {
				t.Errorf("%d AUTHs in minute %d, even would be %d: %v", got, i, n/10, tenths)
				break
			}
		}
		closeAll(all)
		synctest.Wait()
		if got := s.done; len(got) != 1 || got[0].Renewed != n || got[0].Left+got[0].Closed+got[0].Refused != 0 {
			t.Errorf("the observer was told %+v", got)
		}
	})
}

func TestRefusedCanarySparesTheOthers(t *testing.T) {
	inBubble(t, func(s *site) {
		all := s.logins(20)
		old := all[0].Accepted()
		s.set(true, false)
		s.nextToken()
		time.Sleep(20 * time.Second)
		refused := len(s.seen(0))
		if refused < 2 || refused > 10 {
			t.Errorf("%d AUTHs in 20 s, want a few", refused)
		}
		if best, proven := s.server.Best(time.Now()); best != old || !proven {
			t.Errorf("logins use number %d, proven %v; want that of the open connections", best.Number(), proven)
		}
		s.set(false, false)
		time.Sleep(11 * time.Minute)
		renewed := map[*conn]bool{}
		for _, a := range s.seen(refused) {
			renewed[a.conn] = true
		}
		if len(renewed) != len(all) {
			t.Errorf("%d of %d connections were renewed in the end", len(renewed), len(all))
		}
		closeAll(all)
	})
}

// A refusal after the canary was accepted is one of that connection alone.
func TestRefusedConnectionIsAskedAgainSlower(t *testing.T) {
	inBubble(t, func(s *site) {
		all := s.logins(2)
		s.nextToken()
		for len(s.seen(0)) == 0 {
			time.Sleep(time.Millisecond)
		}
		s.set(true, false)
		time.Sleep(20 * time.Minute)
		auths := s.seen(1)
		if len(auths) < 5 {
			s.t.Fatalf("%d AUTHs in 20 minutes", len(auths))
		}
		var before time.Duration
		for i, a := range auths[1:5] {
			if a.phase != entra.AuthRetry {
				t.Errorf("try %d is in phase %s", i+1, a.phase)
			}
			pause := a.at.Sub(auths[i].at)
			if most := time.Second<<i + time.Second/10; pause < time.Second<<i/2 || pause > most {
				t.Errorf("pause %d: %v, the one before %v", i, pause, before)
			}
			before = pause
		}
		s.set(false, false)
		time.Sleep(31 * time.Second)
		closeAll(all)
		synctest.Wait()
		if got := s.done[0]; got.Renewed != 2 {
			t.Errorf("the observer was told %+v", got)
		}
	})
}

// A canary whose AUTH is never answered holds the others up for a second.
func TestMuteCanaryIsFollowedByAnother(t *testing.T) {
	inBubble(t, func(s *site) {
		all := s.logins(3)
		s.set(false, true)
		_, began := s.nextToken()
		for len(s.seen(0)) == 0 {
			time.Sleep(time.Millisecond)
		}
		s.set(false, false)
		for len(s.seen(0)) < 2 {
			time.Sleep(time.Millisecond)
		}
		auths := s.seen(0)
		if took := auths[1].at.Sub(began); auths[0].conn == auths[1].conn || took > 1100*time.Millisecond {
			t.Errorf("the second canary came after %v", took)
		}
		closeAll(all)
	})
}

// Where all connections have been asked, nothing is planned until one of them is refused or another
// one comes.
func TestNextCanaryComesWhenThereIsOne(t *testing.T) {
	for _, late := range []bool{false, true} {
		inBubble(t, func(s *site) {
			all := s.logins(1)
			old := all[0].Accepted()
			s.set(false, true)
			s.nextToken()
			time.Sleep(10 * time.Second)
			auths := s.seen(0)
			if len(auths) != 1 {
				s.t.Fatalf("%d AUTHs", len(auths))
			}
			s.set(false, false)
			began := time.Now()
			if late {
				all = append(all, s.loginWith(old))
			} else {
				all[0].answered(auths[0].cred, true)
			}
			time.Sleep(2 * time.Second)
			if auths = s.seen(1); len(auths) != 1 || auths[0].conn != all[len(all)-1] {
				t.Errorf("late %v: %d AUTHs in %v", late, len(auths), time.Since(began))
			}
			closeAll(all)
		})
	}
}

// A connection whose client is blocked is a poor canary if another one is not.
func TestCanaryIsOneThatIsNotBarred(t *testing.T) {
	inBubble(t, func(s *site) {
		all := s.logins(20)
		for _, c := range all[1:] {
			c.set(func(c *conn) { c.bar = rotation.Bar{Why: session.BecauseBlocked} })
		}
		_, began := s.nextToken()
		time.Sleep(rotation.Linger(life) + time.Millisecond)
		if auths := s.seen(0); len(auths) != 1 || auths[0].conn != all[0] {
			t.Errorf("after %v: %+v", time.Since(began), auths)
		}
		closeAll(all)
	})
}

// Where every client is blocked when the token comes, and none a moment later, as in a pool that
// waits for work, one connection is the canary all the same, and the others follow evenly.
func TestConnectionsThatAreAllBarredHaveOneCanary(t *testing.T) {
	inBubble(t, func(s *site) {
		all := s.logins(10)
		for _, c := range all {
			c.set(func(c *conn) { c.bar = rotation.Bar{Why: session.BecauseBlocked} })
		}
		_, began := s.nextToken()
		time.Sleep(rotation.CanaryPatience(life) / 2)
		for _, c := range all {
			c.change(func(c *conn) { c.bar = rotation.Bar{} })
		}
		time.Sleep(time.Until(began.Add(time.Minute)))
		if n := len(s.seen(0)); n < 1 || n > 2 { // the canary, and the first slot of nine in ten minutes
			t.Errorf("%d of %d connections had their AUTH in a minute", n, len(all))
		}
		closeAll(all)
	})
}

// While no connection is free, one becomes a canary each second.
func TestBarredCanariesFollowOneAnotherSlowly(t *testing.T) {
	inBubble(t, func(s *site) {
		all := s.logins(20)
		for _, c := range all {
			c.set(func(c *conn) { c.bar = rotation.Bar{Why: session.BecauseBlocked} })
		}
		s.nextToken()
		time.Sleep(9*rotation.CanaryPatience(life) + rotation.Linger(life) + time.Millisecond)
		canaries := 0
		for _, c := range all {
			canaries += len(c.visited())
		}
		if canaries != 10 {
			t.Errorf("%d canaries in 9 seconds", canaries)
		}
		closeAll(all)
	})
}

// A connection that logs in with an older token while a rotation is under way is renewed like the
// others.
func TestLateLoginJoinsTheRotation(t *testing.T) {
	for _, spread := range []bool{false, true} {
		inBubble(t, func(s *site) {
			all := s.logins(2)
			old := all[0].Accepted()
			s.set(!spread, false)
			s.nextToken()
			time.Sleep(10 * time.Second)
			late := s.loginWith(old)
			s.set(false, false)
			time.Sleep(11 * time.Minute)
			if late.Accepted() == old {
				t.Errorf("spread %v: it still has the old token", spread)
			}
			closeAll(append(all, late))
		})
	}
}

// One that logs in with an older token when all others have the newest has a rotation of its own,
// in the window of the token that it has.
func TestLateConnUsesItsOwnWindow(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.login()
		old := c.Accepted()
		s.nextToken()
		time.Sleep(time.Until(old.Token().RenewBy().Add(time.Minute)))
		late := s.loginWith(old)
		began := time.Now()
		time.Sleep(time.Minute)
		if auths := s.seen(1); len(auths) != 1 || auths[0].conn != late || auths[0].at.Sub(began) > time.Second {
			t.Errorf("%d AUTHs", len(auths))
		}
		synctest.Wait()
		if w := s.started[1].Window; w > 30*time.Second {
			t.Errorf("a window of %v was announced", w)
		}
		closeAll([]*conn{c, late})
	})
}

// A write of the client takes the AUTH along, and no worker is needed.
func TestDueAuthRidesInAWrite(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.login()
		s.nextToken()
		synctest.Wait()
		c.write()
		time.Sleep(time.Minute)
		if auths, visits := s.seen(0), c.visited(); len(auths) != 1 || len(visits) != 0 {
			t.Errorf("%d AUTHs, %d visits", len(auths), len(visits))
		}
		c.close()
	})
}

// A newer token may come while a rotation is under way. What was planned for the one before is void: the canary goes
// first again.
func TestNewerTokenBeginsAnew(t *testing.T) {
	inBubble(t, func(s *site) {
		all := s.logins(200)
		s.nextToken()
		time.Sleep(time.Second) // the canary is through
		s.set(true, false)
		tok, _ := s.src.Latest()
		s.src.Reject(tok)
		s.nextToken()
		time.Sleep(9 * time.Minute)
		newest, _ := s.src.Latest()
		var before time.Time
		canaries := 0
		for _, a := range s.seen(0) {
			if a.cred.Token() != newest {
				continue
			}
			canaries++
			if pause := a.at.Sub(before); canaries > 7 && pause < 15*time.Second {
				t.Errorf("AUTH %d came %v after a refusal", canaries, pause)
			}
			before = a.at
		}
		if canaries < 10 {
			t.Errorf("%d canaries in 9 minutes", canaries)
		}
		closeAll(all)
	})
}

// A connection that was blocked may be blocked again in its slot, so it can have its AUTH before,
// once.
func TestAuthIsBroughtForward(t *testing.T) {
	inBubble(t, func(s *site) {
		all := s.logins(50)
		s.nextToken()
		time.Sleep(time.Second) // the canary is through
		for _, c := range all {
			for range 2 {
				s.server.BringForward(&c.member)
				c.write()
			}
		}
		time.Sleep(20 * time.Minute)
		if n := len(s.seen(0)); n != len(all) {
			t.Errorf("%d AUTHs for %d connections", n, len(all))
		}
		closeAll(all)
	})
}

// While the canary is refused, nothing is brought forward.
func TestNothingIsBroughtForwardAfterARefusal(t *testing.T) {
	inBubble(t, func(s *site) {
		all := s.logins(3)
		s.set(true, false)
		s.nextToken()
		for len(s.seen(0)) == 0 {
			time.Sleep(time.Millisecond)
		}
		for _, c := range all {
			s.server.BringForward(&c.member)
			c.write()
		}
		if n := len(s.seen(0)); n != 1 {
			t.Errorf("%d AUTHs", n)
		}
		closeAll(all)
	})
}
