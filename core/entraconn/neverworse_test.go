package entraconn_test

import (
	"testing"
	"time"
)

func TestOneRefusalIsNotTheWordOfTheServer(t *testing.T) {
	tr := trouble{
		callers: 20, lasts: 20 * time.Second, pause: 10 * time.Millisecond, handshake: 5 * time.Millisecond,
		answer: func(n int, _ time.Duration) string {
			if n == 1 {
				return refuseLogin
			}
			return acceptLogin
		},
	}
	plain, ours := tr.twins(t)
	tr.notWorse(t, plain, ours)
}

func TestHalfOfTheLoginsRefused(t *testing.T) {
	tr := trouble{
		callers: 20, lasts: 30 * time.Second, pause: 10 * time.Millisecond, handshake: 5 * time.Millisecond,
		endsAt: 20 * time.Second,
		answer: func(n int, _ time.Duration) string {
			if n%2 == 1 {
				return refuseLogin
			}
			return acceptLogin
		},
	}
	plain, ours := tr.twins(t)
	tr.notWorse(t, plain, ours)
}

// Whether or not the server has accepted the credential before.
func TestAllLoginsRefusedForAMinute(t *testing.T) {
	for name, isNew := range map[string]bool{"accepted before": false, "never accepted": true} {
		t.Run(name, func(t *testing.T) {
			tr := trouble{
				callers: 20, lasts: 200 * time.Second, pause: 50 * time.Millisecond, handshake: 5 * time.Millisecond, isNew: isNew,
				endsAt: time.Minute,
				answer: func(int, time.Duration) string { return refuseLogin },
			}
			plain, ours := tr.twins(t)
			if ours.errs > plain.errs {
				t.Errorf("%d errors, want %d at most", ours.errs, plain.errs)
			}
			if ours.recovered > 5*time.Second {
				t.Errorf("back after %v", ours.recovered)
			}
			first := 20
			if !isNew {
				first += tr.callers // which had been accepted
			}
			if n := ours.dialsIn(0, time.Minute); n > first || n < 10 {
				t.Errorf("%d dials in the first minute, want 10 to %d", n, first)
			}
			if ours.longest > plain.longest+time.Second {
				t.Errorf("a dial and a first write took %v", ours.longest)
			}
		})
	}
}

// Whenever a server accepts logins again, all callers are back within 5 seconds: the probe may have to wait for
// a caller that pauses, and callers that pause meanwhile come after it.
func TestCallersAreBackWithin5Seconds(t *testing.T) {
	for after := time.Duration(0); after < 5*time.Second; after += 250 * time.Millisecond {
		tr := trouble{
			callers: 20, lasts: 40 * time.Second, pause: 50 * time.Millisecond, handshake: 5 * time.Millisecond, isNew: true,
			endsAt: 30*time.Second + after,
			answer: func(int, time.Duration) string { return refuseLogin },
		}
		if ours := tr.run(t, true); ours.recovered > 5*time.Second {
			t.Errorf("back after %v", ours.recovered)
		}
	}
}

// A thousand programs without an access policy make 15 handshakes a minute each.
func TestProbesGoOnEveryFiveSeconds(t *testing.T) {
	tr := trouble{
		callers: 50, lasts: 10 * time.Minute, pause: 50 * time.Millisecond, handshake: 5 * time.Millisecond, isNew: true,
		answer: func(int, time.Duration) string { return refuseLogin },
	}
	ours := tr.run(t, true)
	for minute := range 10 {
		from := time.Duration(minute) * time.Minute
		most := 15
		if minute == 0 {
			most = 20
		}
		if n := ours.dialsIn(from, from+time.Minute); n > most || n < 10 {
			t.Errorf("%d dials in minute %d", n, minute)
		}
	}
	t.Logf("%v", ours)
}

// A process that gets no processor writes late. To the login gate its connections look like those of
// a client that dials in advance.
func TestStalledClientsMakeFewConnections(t *testing.T) {
	for _, stall := range []time.Duration{0, 15 * time.Millisecond, 25 * time.Millisecond, 45 * time.Millisecond} {
		tr := trouble{
			callers: 50, lasts: 2 * time.Second, pause: 50 * time.Millisecond, handshake: 5 * time.Millisecond, isNew: true,
			stall:  stall,
			answer: func(int, time.Duration) string { return refuseLogin },
		}
		plain, ours := tr.twins(t)
		if n := len(ours.dials); n > 20 {
			t.Errorf("first writes after %v: %d dials, %d with a password, want 20 at most", stall, n, len(plain.dials))
		}
	}
}

// Being refused takes time, also where callers do not rest.
func TestLoopWithoutAPauseIsRefusedSlowly(t *testing.T) {
	for name, isNew := range map[string]bool{"accepted before": false, "never accepted": true} {
		t.Run(name, func(t *testing.T) {
			tr := trouble{
				callers: 20, lasts: 5 * time.Second, handshake: 5 * time.Millisecond, isNew: isNew,
				answer: func(int, time.Duration) string { return refuseLogin },
			}
			plain, ours := tr.twins(t)
			if most := tr.callers * 7; ours.errs > most || ours.errs > plain.errs {
				t.Errorf("%d errors, %d with a password, want %d at most", ours.errs, plain.errs, most)
			}
		})
	}
}

// A server that serves no client is not asked more often than with a password, although a connection of
// ours ends with its first answer.
func TestServerThatServesNoClientIsAskedNoMoreOften(t *testing.T) {
	for name, isNew := range map[string]bool{"accepted before": false, "never accepted": true} {
		t.Run(name, func(t *testing.T) {
			tr := trouble{
				callers: 20, lasts: 2 * time.Second, handshake: 5 * time.Millisecond, isNew: isNew,
				answer: func(int, time.Duration) string { return "-LOADING Redis is loading the dataset in memory\r\n" },
			}
			plain, ours := tr.twins(t)
			if ours.errs > plain.errs || len(ours.dials) > len(plain.dials) {
				t.Errorf("%d errors after %d dials, with a password %d after %d", ours.errs, len(ours.dials), plain.errs, len(plain.dials))
			}
			tr.lasts, tr.pause, tr.endsAt = 30*time.Second, 50*time.Millisecond, 10*time.Second
			plain, ours = tr.twins(t)
			tr.notWorse(t, plain, ours)
			if ours.recovered > time.Second {
				t.Errorf("back after %v", ours.recovered)
			}
		})
	}
}

// With contexts of 20 ms the wait of a refused call is short, but no shorter than that of a plain
// client that is refused by the server.
func TestLoopWithoutAPauseAndWithoutTime(t *testing.T) {
	tr := trouble{
		callers: 20, lasts: 2 * time.Second, handshake: time.Millisecond, callTimeout: 20 * time.Millisecond,
		answer: func(int, time.Duration) string { return refuseLogin },
	}
	plain, ours := tr.twins(t)
	if ours.errs > plain.errs {
		t.Errorf("%d errors, %d with a password", ours.errs, plain.errs)
	}
}

func TestBlackHoleHoldsUpEachDialForASecondAtMost(t *testing.T) {
	for _, callers := range []int{100, 1000} {
		for name, isNew := range map[string]bool{"accepted before": false, "never accepted": true} {
			tr := trouble{callers: callers, lasts: 30 * time.Second, pause: 100 * time.Millisecond, isNew: isNew, blackHole: true}
			plain, ours := tr.twins(t)
			if ours.longest > plain.longest+time.Second {
				t.Errorf("%d callers, %s: a dial took %v, %v with a password", callers, name, ours.longest, plain.longest)
			}
			if most := plain.errs*12/10 + callers; ours.errs > most {
				t.Errorf("%d callers, %s: %d errors, want %d at most", callers, name, ours.errs, most)
			}
		}
	}
}

// The server takes connections, and answers nothing.
func TestUnansweredLoginHoldsUpOthersForASecondAtMost(t *testing.T) {
	for name, isNew := range map[string]bool{"accepted before": false, "never accepted": true} {
		tr := trouble{
			callers: 100, lasts: 40 * time.Second, pause: 100 * time.Millisecond, isNew: isNew, endsAt: 20 * time.Second,
			answer: func(int, time.Duration) string { return "" },
		}
		plain, ours := tr.twins(t)
		t.Log(name)
		tr.notWorse(t, plain, ours)
	}
}

// Dials in a hurry make no more connections, and fail no more often.
func TestContextsOf20Milliseconds(t *testing.T) {
	for _, handshake := range []time.Duration{time.Millisecond, 10 * time.Millisecond, 17 * time.Millisecond} {
		for name, isNew := range map[string]bool{"accepted before": false, "never accepted": true} {
			tr := trouble{
				callers: 20, lasts: 3 * time.Second, pause: 10 * time.Millisecond, handshake: handshake, isNew: isNew,
				callTimeout: 20 * time.Millisecond,
			}
			plain, ours := tr.twins(t)
			if len(ours.dials) > len(plain.dials) || ours.errs > plain.errs {
				t.Errorf("handshakes of %v, %s: %d dials, %d errors; %d and %d with a password",
					handshake, name, len(ours.dials), ours.errs, len(plain.dials), plain.errs)
			}
		}
	}
}

func TestSlowHandshakesFitIntoTheDialTimeout(t *testing.T) {
	tr := trouble{
		callers: 100, lasts: 5 * time.Second, pause: 10 * time.Millisecond,
		handshake: 600 * time.Millisecond, dialTimeout: time.Second,
	}
	plain, ours := tr.twins(t)
	if ours.errs > 0 {
		t.Errorf("%d errors, %d with a password", ours.errs, plain.errs)
	}
	tr.notWorse(t, plain, ours)
}

// Clients dial connections in advance and leave them silent. Each generation of those admits one that
// is twice as large, so there are six. With a password there is one. Ours cannot have one: whether a
// client writes shows after its dial only, and 50 callers whom the server refuses would dial 50
// connections in the same way, where 20 a minute are promised (TestProbesGoOnEveryFiveSeconds). It is
// so until the server has accepted a login.
func TestIdleConnectionsWaitForNoVerdict(t *testing.T) {
	for _, handshake := range []time.Duration{0, 5 * time.Millisecond, 50 * time.Millisecond} {
		tr := trouble{idle: 50, lasts: time.Second, isNew: true, handshake: handshake}
		plain, ours := tr.twins(t)
		if most := plain.idleAfter + 5*(handshake+10*time.Millisecond); len(ours.dials) != 50 || ours.idleAfter > most {
			t.Errorf("handshakes of %v: %d dials, all there after %v; %v with a password",
				handshake, len(ours.dials), ours.idleAfter, plain.idleAfter)
		}
		tr.idle, tr.callers, tr.pause = 50, 1, 10*time.Millisecond
		tr.isNew = false // the server has accepted the credential
		plain, ours = tr.twins(t)
		if ours.idleAfter > plain.idleAfter {
			t.Errorf("handshakes of %v: all there after %v; %v with a password", handshake, ours.idleAfter, plain.idleAfter)
		}
	}
}
