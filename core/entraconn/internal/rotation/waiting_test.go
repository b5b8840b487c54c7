package rotation_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// What keeps an AUTH from being sent ends with something that the client does. Nothing is done
// until then, and the AUTH goes out at once after that.
func TestWaitingConnectionIsVisitedWhenItContinues(t *testing.T) {
	for name, wait := range map[string]func(c *conn){
		"a transaction":         func(c *conn) { c.bar = rotation.Bar{Why: session.BecauseMulti} },
		"a blocking command":    func(c *conn) { c.bar = rotation.Bar{Why: session.BecauseBlocked} },
		"a command in flight":   func(c *conn) { c.busy = true },
		"a SUBSCRIBE in flight": func(c *conn) { c.bar.Why = session.BecauseSubscriber },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				c := s.login()
				c.set(wait)
				s.nextToken()
				time.Sleep(10 * time.Minute)
				if visits := c.visited(); len(visits) != 1 {
					t.Errorf("%d visits in 10 minutes, want one", len(visits))
				}
				began := time.Now()
				c.change(func(c *conn) { c.bar, c.busy = rotation.Bar{}, false })
				time.Sleep(time.Second)
				if auths := s.seen(0); len(auths) != 1 || auths[0].at.Sub(began) > rotation.Linger(life) {
					t.Errorf("AUTHs after %v: %+v", began, auths)
				}
				c.close()
			})
		})
	}
}

// The end of a slice is a known moment, at which the client may not be there.
func TestEndOfASliceIsVisited(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.login()
		until := time.Now().Add(life * 9 / 10)
		c.set(func(c *conn) { c.bar = rotation.Bar{Why: session.BecauseBlocked, Until: until} })
		time.Sleep(time.Until(until.Add(rotation.AfterSlice(life))) - time.Millisecond)
		if n := len(c.visited()); n != 1 {
			t.Errorf("%d visits before the end", n)
		}
		c.set(func(c *conn) { c.bar = rotation.Bar{} })
		time.Sleep(2 * time.Millisecond)
		if visits, auths := c.visited(), s.seen(0); len(visits) != 2 || len(auths) != 1 {
			t.Errorf("%d visits, %d AUTHs", len(visits), len(auths))
		}
		c.close()
	})
}

// A connection that will never have an AUTH again leaves the rotation as soon as that is known.
func TestConnectionThatIsBarredForeverLeavesTheRotation(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.login()
		c.set(func(c *conn) { c.bar = rotation.Bar{Why: session.BecauseMulti} })
		s.nextToken()
		time.Sleep(time.Minute)
		c.change(func(c *conn) { c.bar = rotation.Bar{Why: session.BecauseSilent, Forever: true} })
		time.Sleep(time.Second)
		synctest.Wait()
		if len(s.done) != 1 || s.done[0].Left != 1 {
			t.Errorf("the observer was told %+v", s.done)
		}
		if c.due != nil {
			t.Error("an AUTH is due that can never be sent")
		}
		c.close()
	})
}

// An answer that is the next reply, and that no client reads, is looked for again and again, slower
// and slower.
func TestAnswerIsLookedForSlowerAndSlower(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.login()
		s.set(false, true)
		_, began := s.nextToken()
		time.Sleep(time.Until(began.Add(time.Minute)))
		visits := c.visited()
		if n := len(visits); n < 60 || n > 75 {
			t.Errorf("%d visits in a minute", n)
		}
		if first, last := visits[1].Sub(visits[0]), visits[len(visits)-1].Sub(visits[len(visits)-2]); first != time.Millisecond || last != time.Second {
			t.Errorf("pauses from %v to %v", first, last)
		}
		c.close()
	})
}

// 100 connections that are blocked for 10 hours cost no more than twice what 100 idle ones do, in
// visits.
func TestBlockedConnectionsCostWhatIdleOnesDo(t *testing.T) {
	visits := func(blocked bool) (n int) {
		inBubble(t, func(s *site) {
			all := s.logins(100)
			end := time.Now().Add(10 * time.Hour)
			for _, c := range all {
				if blocked {
					go s.block(c, end)
				}
			}
			time.Sleep(time.Until(end) + time.Minute)
			synctest.Wait()
			for _, c := range all {
				n += len(c.visited())
			}
			if auths := len(s.seen(0)); auths < 9*len(all) || auths > 14*len(all) {
				t.Errorf("%d AUTHs", auths)
			}
			closeAll(all)
		})
		return n
	}
	idle, blocked := visits(false), visits(true)
	t.Logf("%d visits of idle connections, %d of blocked ones", idle, blocked)
	if idle == 0 || blocked > 2*idle {
		t.Errorf("%d visits of blocked connections, %d of idle ones", blocked, idle)
	}
}

// A visit may take long: the peer takes nothing. The next rotation does not send a second worker,
// but that one again.
func TestConnectionIsVisitedByOneWorkerAtATime(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.login()
		c.set(func(c *conn) { c.hang, c.bar = life, rotation.Bar{Why: session.BecauseBlocked} })
		_, began := s.nextToken()
		time.Sleep(time.Minute)
		c.set(func(c *conn) { c.hang = 0 })
		time.Sleep(time.Until(began.Add(life + time.Second)))
		visits := c.visited()
		if len(visits) != 2 {
			s.t.Fatalf("%d visits", len(visits))
		}
		if first := visits[0].Add(life); !visits[1].Equal(first) {
			t.Errorf("the second visit came %v after the first had ended", visits[1].Sub(first))
		}
		c.close()
	})
}

// More connections than there are workers may take long, and the others wait for their turn.
func TestStuckConnectionsHoldUpNoOtherForLong(t *testing.T) {
	inBubble(t, func(s *site) {
		all := s.logins(20)
		for _, c := range all[:10] {
			c.set(func(c *conn) { c.hang = 10 * time.Second })
		}
		old, _ := s.nextToken()
		time.Sleep(time.Until(old.RenewBy()))
		if n := len(s.seen(0)); n != len(all) {
			t.Errorf("%d of %d connections were renewed", n, len(all))
		}
		closeAll(all)
	})
}

// Without a next token there is nothing to do but to wait, however long.
func TestClosedSourceLeavesTheConnectionsAlone(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.login()
		s.src.Close()
		time.Sleep(24 * time.Hour) // would never pass if the goroutine went round and round
		late := s.loginWith(c.Accepted())
		time.Sleep(24 * time.Hour)
		if n := len(c.visited()) + len(late.visited()); n != 0 {
			t.Errorf("%d visits", n)
		}
		closeAll([]*conn{c, late})
	})
}
