package entra_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// A redisServer plays the connections to one Redis server: it reports what they would.
type redisServer struct {
	t    *testing.T
	src  *entra.Source
	addr string
}

// twoServers returns a Source and the connections of its program to two servers.
func twoServers(t *testing.T, opts *entra.Options) (src *entra.Source, a, b redisServer) {
	t.Helper()
	src = newSource(t, minting(life), opts)
	return src, redisServer{t, src, "a:1"}, redisServer{t, src, "b:1"}
}

func (r redisServer) conn() entra.ConnInfo {
	return entra.ConnInfo{Library: "lib", Pool: "carts", ServerAddr: r.addr}
}

func (r redisServer) opens() {
	r.src.Observer().ConnOpened(r.t.Context(), entra.ConnOpenedInfo{Conn: r.conn()})
}

func (r redisServer) closes() {
	r.src.Observer().ConnClosed(r.t.Context(), entra.ConnClosedInfo{Conn: r.conn()})
}

// ends closes a connection that was logged in.
func (r redisServer) ends(last entra.Token) {
	r.src.Observer().ConnClosed(r.t.Context(), entra.ConnClosedInfo{Conn: r.conn(), TokenExpiresOn: last.ExpiresOn()})
}

func (r redisServer) authDone(tok entra.Token, outcome entra.AuthDoneInfo) {
	outcome.Phase = cmp.Or(outcome.Phase, entra.AuthInitial)
	outcome.Conn, outcome.User, outcome.Token = r.conn(), tok.Username(), tok.Times()
	r.src.Observer().AuthDone(r.t.Context(), outcome)
	synctest.Wait()
}

func (r redisServer) accepts(tok entra.Token) { r.authDone(tok, entra.AuthDoneInfo{}) }

// renews accepts a newer token on an open connection.
func (r redisServer) renews(tok entra.Token) {
	r.authDone(tok, entra.AuthDoneInfo{Phase: entra.AuthRotation})
}

func (r redisServer) refuses(tok entra.Token) {
	r.authDone(tok, entra.AuthDoneInfo{Err: r.says("WRONGPASS no such user"), Refused: true, TokenRefused: true})
}

// hasNoAuth is a refusal that is not about the token.
func (r redisServer) hasNoAuth(tok entra.Token) {
	r.authDone(tok, entra.AuthDoneInfo{Err: r.says("ERR unknown command 'AUTH'"), Refused: true})
}

func (r redisServer) isLoading(tok entra.Token) {
	r.authDone(tok, entra.AuthDoneInfo{Err: r.says("LOADING the dataset")})
}

func (r redisServer) says(words string) error {
	return &entra.AuthError{Addr: r.addr, Err: errors.New(words)}
}

// checkHealth fails the test unless the Source is as healthy as that.
func checkHealth(t *testing.T, src *entra.Source, when string, want entra.Health) {
	t.Helper()
	if st := src.Status(); st.Health != want {
		t.Errorf("%s: %s, want %s: %s", when, st.Health, want, st.Reason)
	}
}

func TestHealthFollowsTheServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, a, b := twoServers(t, nil)
		tok := mustToken(t, src)
		rejected := func(when string, want bool) {
			t.Helper()
			if st := src.Status(); st.Rejected != want {
				t.Errorf("%s: rejected %t", when, st.Rejected)
			}
		}
		checkHealth(t, src, "no server was dialed", entra.HealthReady)
		a.opens()
		checkHealth(t, src, "no AUTH was answered", entra.HealthReady)
		a.isLoading(tok)
		checkHealth(t, src, "a is loading", entra.HealthReady)
		a.authDone(tok, entra.AuthDoneInfo{Err: errors.New("connection reset")})
		checkHealth(t, src, "a's connection broke", entra.HealthReady)
		a.hasNoAuth(tok)
		checkHealth(t, src, "a refuses, b was not dialed", entra.HealthRefused)
		rejected("a refuses", true)
		b.accepts(tok)
		checkHealth(t, src, "a refuses, b accepts", entra.HealthDegraded)
		a.accepts(tok)
		checkHealth(t, src, "both accept", entra.HealthReady)
		rejected("both accept", false)
		a.isLoading(tok)
		checkHealth(t, src, "a is loading again", entra.HealthReady)

		tok = nextToken(t, src)
		a.hasNoAuth(tok)
		b.hasNoAuth(tok)
		checkHealth(t, src, "both refuse the next token", entra.HealthRefused)
		_, superseded := src.Latest()
		<-superseded
		checkHealth(t, src, "there is another token, which no server has seen", entra.HealthRefused)
		rejected("there is another token", false)
		tok = mustToken(t, src)
		a.accepts(tok)
		b.accepts(tok)
		checkHealth(t, src, "both accept it", entra.HealthReady)
		_ = src.Close()
		a.refuses(tok)
		checkHealth(t, src, "closed", entra.HealthClosed)
	})
}

func TestReadinessProbeFailsWhileNoServerAccepts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := minting(life)
		cred.answer = delayed(time.Second, cred.answer)
		src := newSource(t, cred, nil)
		a, b := redisServer{t, src, "a:1"}, redisServer{t, src, "b:1"}
		answers := func(when string, code int, words ...string) {
			t.Helper()
			answer := httptest.NewRecorder()
			readiness(src)(answer, nil)
			if answer.Code != code {
				t.Errorf("%s: %d, want %d", when, answer.Code, code)
			}
			for _, word := range words {
				if !strings.Contains(answer.Body.String(), word) {
					t.Errorf("%s: %q does not say %q", when, answer.Body, word)
				}
			}
		}
		answers("without a token", 503, "starting")
		tok := mustToken(t, src)
		answers("with a token", 200, "ready")
		a.hasNoAuth(tok)
		answers("the only server refuses", 503, "refused", "a:1 refuses it", "unknown command", "asked for at 2000-01-01T")
		b.accepts(tok)
		answers("another one accepts", 200, "degraded", "a:1 refuses it")
		c := redisServer{t, src, "c:1"}
		c.hasNoAuth(tok)
		answers("two of three refuse", 200, "degraded", "2 of 3 Redis servers refuse it")
	})
}

// Several servers behind one address may not agree. The Source is degraded then, and does not change
// its mind with each answer.
func TestServersThatDisagreeBehindOneAddress(t *testing.T) {
	for _, every := range []int{2, 3, 10} { // one answer in so many is a refusal
		t.Run(fmt.Sprintf("every %d.", every), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src, mixed, _ := twoServers(t, nil)
				tok := mustToken(t, src)
				refusals := 0
				for answer := 1; answer <= 100; answer++ {
					if answer%every == 0 {
						mixed.hasNoAuth(tok)
						refusals++
						checkHealth(t, src, "after a refusal", entra.HealthDegraded)
					} else {
						mixed.accepts(tok)
					}
					if refusals > 1 {
						checkHealth(t, src, fmt.Sprintf("after answer %d", answer), entra.HealthDegraded)
					}
					time.Sleep(3 * time.Second)
				}
				if got := src.Status().Servers; len(got) != 1 || got[0].State != entra.ServerMixed {
					t.Errorf("%+v", got)
				}
				mixed.accepts(tok)
				checkHealth(t, src, "the last refusal was a moment ago", entra.HealthDegraded)
				time.Sleep(time.Minute)
				checkHealth(t, src, "the last refusal was a minute ago", entra.HealthReady)
			})
		})
	}
}

// One refusal of a token that the server has accepted says little, eight in a row say that it accepts
// it no more. The first acceptance after that is the end of it.
func TestServerThatAcceptsNoMoreRefusesAfterEightRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, a, _ := twoServers(t, nil)
		tok := mustToken(t, src)
		for range 2 {
			a.accepts(tok)
			checkHealth(t, src, "accepted", entra.HealthReady)
			time.Sleep(2 * time.Minute)
			for range 7 {
				a.hasNoAuth(tok)
				checkHealth(t, src, "before the eighth refusal", entra.HealthDegraded)
				time.Sleep(time.Second)
			}
			a.hasNoAuth(tok)
			checkHealth(t, src, "after the eighth refusal", entra.HealthRefused)
			time.Sleep(8 * time.Minute)
			checkHealth(t, src, "while no AUTH is answered", entra.HealthRefused)
		}
		a.accepts(tok)
		checkHealth(t, src, "accepted again", entra.HealthReady)
		time.Sleep(2 * time.Minute)
		for range 100 {
			a.hasNoAuth(tok)
		}
		checkHealth(t, src, "after a hundred refusals in no time", entra.HealthDegraded)
		time.Sleep(time.Second)
		a.hasNoAuth(tok)
		checkHealth(t, src, "after one more a second later", entra.HealthRefused)
	})
}

// A server that refuses a newer token and still accepts the older one serves, for as long as that
// lives.
func TestServerThatAcceptsAnOlderTokenOnlyIsMixed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, a, _ := twoServers(t, nil)
		old := mustToken(t, src)
		a.accepts(old)
		tok := nextToken(t, src)
		a.hasNoAuth(tok)
		checkHealth(t, src, "the newer token was refused", entra.HealthRefused)
		for range 20 {
			a.accepts(old)
			checkHealth(t, src, "the older one was accepted", entra.HealthDegraded)
			if !src.Status().Rejected {
				t.Error("the current token is not rejected")
			}
			time.Sleep(10 * time.Second)
			a.hasNoAuth(tok)
			checkHealth(t, src, "the newer one was refused again", entra.HealthDegraded)
			time.Sleep(10 * time.Second)
		}
		time.Sleep(time.Minute)
		a.accepts(tok)
		checkHealth(t, src, "accepted at last", entra.HealthReady)
	})
}

// A login that was under way in a rotation may be refused after the newer token was accepted, because
// its own has expired or was revoked. The server serves.
func TestLateRefusalOfAnOlderTokenIsNotThatOfTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, a, _ := twoServers(t, nil)
		old := mustToken(t, src)
		a.accepts(old)
		tok := nextToken(t, src)
		a.accepts(tok)
		a.refuses(old)
		checkHealth(t, src, "the older token was refused", entra.HealthDegraded)
		if src.Status().Rejected {
			t.Error("the current token is rejected")
		}
		a.accepts(tok)
		checkHealth(t, src, "the newer one was accepted", entra.HealthReady)
	})
}

func TestStatusListsTheServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, a, b := twoServers(t, nil)
		tok := mustToken(t, src)
		began := time.Now()
		b.opens()
		b.opens()
		b.accepts(tok)
		a.opens()
		a.refuses(tok)
		a.closes()
		text, err := json.Marshal(src.Status().Servers)
		want := `[{"Addr":"a:1","State":"refuses","Connections":0,"User":"` + objectID + `","Answer":"WRONGPASS no such user","AnsweredAt":"2000-01-01T00:00:00Z","AcceptedUntil":"0001-01-01T00:00:00Z"},` +
			`{"Addr":"b:1","State":"accepts","Connections":2,"User":"` + objectID + `","Answer":"OK","AnsweredAt":"2000-01-01T00:00:00Z","AcceptedUntil":"2000-01-01T01:15:00Z"}]`
		if err != nil || string(text) != want {
			t.Errorf("%s, %v; want\n%s", text, err, want)
		}
		if whole, err := json.Marshal(src.Status()); err != nil || !strings.Contains(string(whole), `"Servers":`+want) {
			t.Errorf("the whole Status: %s, %v", whole, err)
		}
		listed := func(when string, want int) {
			t.Helper()
			if got := src.Status().Servers; len(got) != want {
				t.Errorf("%s: %+v", when, got)
			}
		}
		time.Sleep(time.Until(began.Add(10*time.Minute - time.Second)))
		listed("a moment before ten minutes have passed", 2)
		a.opens()
		a.closes()
		time.Sleep(10*time.Minute - time.Second)
		listed("a was dialed again", 2)
		time.Sleep(2 * time.Second)
		listed("a was not dialed for ten minutes", 1)
		checkHealth(t, src, "the server that refuses has left the list", entra.HealthReady)
		time.Sleep(24 * time.Hour)
		listed("b has connections", 1)
		b.closes()
		b.closes()
		b.closes() // one too many
		time.Sleep(10*time.Minute + time.Second)
		listed("b has none", 0)
		b.opens()
		if got := src.Status().Servers; len(got) != 1 || got[0].Connections != 1 || got[0].State != entra.ServerAccepts {
			t.Errorf("b is back: %+v", got)
		}
	})
}

// A server without connections is forgotten after a day: a cluster may have thousands in its life.
func TestServersAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		src := newSource(t, minting(48*time.Hour), &entra.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		tok := mustToken(t, src)
		a := redisServer{t, src, "a:1"}
		lines := func(when string, want int) {
			t.Helper()
			a.hasNoAuth(tok)
			if n := strings.Count(log.String(), "refuses AUTH"); n != want {
				t.Errorf("%s: %d lines, want %d", when, n, want)
			}
		}
		lines("at first", 1)
		time.Sleep(23 * time.Hour)
		redisServer{t, src, "b:1"}.opens()
		lines("after 23 hours", 1)
		time.Sleep(25 * time.Hour)
		redisServer{t, src, "c:1"}.opens()
		lines("after another 25 hours", 2)
	})
}

func TestRefusedTokensAreReplacedEarlyThreeTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		src, a, _ := twoServers(t, &entra.Options{Observer: d.observer()})
		checkForced := func(when string, want int) {
			t.Helper()
			if got := d.forced(); got != want {
				t.Errorf("%s: %d tokens were replaced early, want %d", when, got, want)
			}
		}
		first := mustToken(t, src)
		a.hasNoAuth(first)
		checkForced("a refusal that is not about the token", 0)
		a.refuses(first)
		checkForced("a refusal of the token", 1)
		if tok := mustToken(t, src); tok == first {
			t.Error("the token was not replaced at once")
		}
		for range 12 * 3600 / 5 {
			a.refuses(mustToken(t, src))
			time.Sleep(5 * time.Second)
		}
		checkForced("refusals for 12 hours", 3)
		for range 12 { // out of the list each time
			time.Sleep(time.Hour)
			a.refuses(mustToken(t, src))
		}
		checkForced("a refusal each hour", 3)
		a.accepts(mustToken(t, src))
		_, superseded := src.Latest()
		<-superseded
		a.refuses(mustToken(t, src))
		time.Sleep(10 * time.Minute) // the most that two of these are kept apart
		checkForced("a refusal after an acceptance", 4)
	})
}

// A token that one server accepts is not the reason why another one refuses it.
func TestTokenThatAServerAcceptsIsNotReplacedEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		src, refusing, accepting := twoServers(t, &entra.Options{Observer: d.observer()})
		for range 5 {
			tok, superseded := src.Latest()
			if !tok.IsZero() {
				accepting.accepts(tok)
				for range 100 {
					refusing.refuses(tok)
					time.Sleep(time.Second)
				}
			}
			<-superseded
		}
		accepting.accepts(mustToken(t, src))
		refusing.refuses(mustToken(t, src))
		if n := d.forced(); n != 0 {
			t.Errorf("%d tokens were replaced early", n)
		}
		time.Sleep(11 * time.Minute) // the server that accepts has left the list
		refusing.refuses(mustToken(t, src))
		if n := d.forced(); n != 1 {
			t.Errorf("%d tokens were replaced early, want 1: no server accepts the token", n)
		}
	})
}

func TestRefusalOfAnOlderTokenReplacesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		src := newSource(t, minting(life), &entra.Options{Observer: d.observer()})
		older := mustToken(t, src)
		_, superseded := src.Latest()
		<-superseded
		redisServer{t, src, "a:1"}.refuses(older)
		time.Sleep(10 * time.Minute)
		if n := d.forced(); n != 0 {
			t.Errorf("%d tokens were replaced early", n)
		}
	})
}

// A token may be revoked after servers have accepted it.
func TestTokenThatIsAcceptedNoMoreIsReplacedEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		src, a, _ := twoServers(t, &entra.Options{Observer: d.observer()})
		tok := mustToken(t, src)
		a.accepts(tok)
		for n := range 8 {
			if forced := d.forced(); forced != 0 {
				t.Errorf("replaced after %d refusals", n)
			}
			a.refuses(tok)
			time.Sleep(time.Second)
		}
		if d.forced() != 1 || mustToken(t, src) == tok {
			t.Error("not replaced after eight refusals")
		}
	})
}

// The register hears of an AUTH before the user's observer, whatever that does.
func TestStatusDoesNotWaitForTheUsersObserver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		src := newSource(t, minting(life), &entra.Options{Observer: &entra.Observer{
			AuthDone: func(context.Context, entra.AuthDoneInfo) { <-release },
		}})
		a := redisServer{t, src, "a:1"}
		tok := mustToken(t, src)
		done := make(chan struct{})
		go func() {
			defer close(done)
			src.Observer().AuthDone(t.Context(), entra.AuthDoneInfo{
				Conn: a.conn(), Token: tok.Times(), Err: a.says("WRONGPASS"), Refused: true,
			})
		}()
		synctest.Wait()
		checkHealth(t, src, "while the observer blocks", entra.HealthRefused)
		close(release)
		<-done
	})
}
