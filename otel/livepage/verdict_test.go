package livepage_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/otel/livepage"
)

func TestVerdicts(t *testing.T) {
	refused := &entra.AuthError{Addr: conn.ServerAddr, Err: errors.New("WRONGPASS not you")}
	rejected := entra.RefreshError{Kind: entra.KindRejected, Status: 401, Host: "login.microsoftonline.com", Code: "AADSTS7000222"}
	healthy := func(s *site) entra.TokenTimes {
		token := times(time.Hour)
		s.renewed(token)
		s.opened(conn)
		s.auth(conn, entra.AuthInitial, token, nil)
		return token
	}
	tests := []struct {
		name                  string
		happens               func(s *site)
		level, answer, reason string
	}{
		{"nothing yet", func(*site) {}, "unknown", "Not known yet.", "Nothing has happened"},
		{"first token on its way", func(s *site) {
			s.see.RefreshStart(s.t.Context(), entra.RefreshStartInfo{At: time.Now(), Trigger: entra.TriggerInitial})
		}, "unknown", "Not known yet.", "on its way"},
		{"first token refused", func(s *site) { s.failed(1, rejected) },
			"bad", "Yes.", "There has been no token yet: Microsoft Entra refuses the credential (the client secret has expired)."},
		{"machine without identity", func(s *site) {
			s.failed(1, entra.RefreshError{Kind: entra.KindRejected, Status: 400, Host: "169.254.169.254"})
		}, "bad", "Yes.", "no identity for this machine"},
		{"all well", func(s *site) { healthy(s) }, "good", "No.", "renewed in time"},
		{"no connection", func(s *site) { s.renewed(times(time.Hour)) }, "good", "No.", "No connection is open"},
		{"no login", func(s *site) { s.renewed(times(time.Hour)); s.opened(conn) }, "good", "No.", "No connection has logged in"},
		{"outage with a good token", func(s *site) { healthy(s); s.failed(1, entra.RefreshError{Kind: entra.KindNetwork}) },
			"watch", "Not yet.", "cannot be reached"},
		{"outage outlasts the token", func(s *site) {
			healthy(s)
			s.failed(1, entra.RefreshError{Kind: entra.KindTimedOut})
			time.Sleep(time.Hour)
		}, "bad", "Yes.", "has expired and there is no new one: the token endpoint does not answer in time"},
		{"expired without a failure", func(s *site) { healthy(s); time.Sleep(time.Hour) }, "bad", "Yes.", "the credential has not answered yet"},
		{"recovered", func(s *site) {
			s.failed(1, entra.RefreshError{Kind: entra.KindThrottled, Status: 429})
			time.Sleep(time.Minute)
			healthy(s)
		}, "good", "Not any more.", "some minutes ago"},
		{"recovered long ago", func(s *site) {
			s.failed(1, entra.RefreshError{Kind: entra.KindThrottled, Status: 429})
			healthy(s)
			time.Sleep(15 * time.Minute)
		}, "good", "No.", "renewed in time"},
		{"login refused", func(s *site) { s.auth(conn, entra.AuthInitial, healthy(s), refused) },
			"bad", "Yes.", "redis.test:6380 refuses logins"},
		{"login refused and accepted", func(s *site) {
			token := healthy(s)
			s.auth(conn, entra.AuthInitial, token, refused)
			s.auth(conn, entra.AuthInitial, token, nil)
		}, "good", "Not any more.", ""},
		{"login refused, and no login tried since", func(s *site) {
			s.auth(conn, entra.AuthInitial, healthy(s), refused)
			time.Sleep(11 * time.Minute)
		}, "good", "No.", ""},
		{"new token refused in rotation", func(s *site) {
			healthy(s)
			time.Sleep(time.Minute)
			next := times(time.Hour)
			s.renewed(next)
			s.auth(conn, entra.AuthRotation, next, refused)
		}, "watch", "Not yet.", "refuses the new token"},
		{"new token refused, logins with the older one accepted", func(s *site) {
			old := healthy(s)
			time.Sleep(time.Minute)
			next := times(time.Hour)
			s.renewed(next)
			s.auth(conn, entra.AuthRotation, next, refused)
			s.auth(conn, entra.AuthInitial, old, nil)
		}, "watch", "Not yet.", "refuses the new token"},
		{"server loading", func(s *site) { s.unable(conn, entra.AuthInitial, healthy(s), "LOADING the dataset") },
			"watch", "No.", "The token is good, but redis.test:6380 answers LOADING to logins"},
		{"server loading, then not any more", func(s *site) {
			token := healthy(s)
			s.unable(conn, entra.AuthInitial, token, "LOADING the dataset")
			s.auth(conn, entra.AuthInitial, token, nil)
		}, "good", "No.", "for other reasons"},
		{"server loading in rotation", func(s *site) { s.unable(conn, entra.AuthRotation, healthy(s), "LOADING the dataset") },
			"watch", "Not yet.", "redis.test:6380 answers LOADING to the new token"},
		{"server refuses, and is full then", func(s *site) {
			token := healthy(s)
			s.auth(conn, entra.AuthInitial, token, refused)
			s.unable(conn, entra.AuthInitial, token, "ERR max number of clients reached")
		}, "bad", "Yes.", "redis.test:6380 refuses logins"},
		{"server in other words", func(s *site) { s.unable(conn, entra.AuthInitial, healthy(s), "it is late") },
			"watch", "No.", "answers an error to logins"},
		{"login unanswered, closed by its client", func(s *site) { s.unanswered(conn, healthy(s), 3*time.Second, net.ErrClosed) },
			"watch", "No.", "redis.test:6380 did not answer the last login"},
		{"login unanswered, timed out", func(s *site) {
			s.unanswered(conn, healthy(s), 3*time.Second, &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded})
		}, "watch", "No.", "did not answer the last login"},
		{"login given up at once", func(s *site) { s.unanswered(conn, healthy(s), 10*time.Millisecond, net.ErrClosed) },
			"good", "No.", "renewed in time"},
		{"login cut off", func(s *site) { s.unanswered(conn, healthy(s), 3*time.Second, io.EOF) }, "good", "No.", "renewed in time"},
		{"login unanswered, a later one answered", func(s *site) {
			token := healthy(s)
			s.unanswered(conn, token, 3*time.Second, net.ErrClosed)
			s.auth(conn, entra.AuthInitial, token, nil)
		}, "good", "No.", "for other reasons"},
		{"connection left behind", func(s *site) {
			healthy(s)
			time.Sleep(55 * time.Minute)
			s.renewed(times(time.Hour))
		}, "watch", "Not yet.", "should have been replaced"},
		{"connection with an expired token", func(s *site) {
			healthy(s)
			time.Sleep(55 * time.Minute)
			s.renewed(times(time.Hour))
			time.Sleep(5 * time.Minute)
		}, "watch", "In part.", "Redis closes these"},
		{"lost for other reasons", func(s *site) { s.closed(conn, entra.CloseByServer, healthy(s)) },
			"good", "No.", "for other reasons"},
		{"closed by its client", func(s *site) { s.closed(conn, entra.CloseByClient, healthy(s)) }, "good", "No.", "No connection is open"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := open(t, nil)
				test.happens(s)
				v := s.snapshot().Verdict
				if v.Level != test.level || v.Answer != test.answer || !strings.Contains(v.Reason, test.reason) {
					t.Errorf("%+v, want %s: %s %s", v, test.level, test.answer, test.reason)
				}
			})
		})
	}
}

func TestEventTexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, nil)
		token := times(time.Hour)
		s.renewed(token)
		for range 3 {
			s.failed(s.snapshot().Entra.Failures+1, entra.RefreshError{Kind: entra.KindNetwork, Status: 503})
			time.Sleep(4 * time.Minute)
		}
		for id := range uint64(40) {
			c := conn
			c.ID = id
			s.see.ConnClosed(t.Context(), entra.ConnClosedInfo{At: time.Now(), Conn: c, Reason: entra.CloseUnsupported, Unrenewable: "MONITOR or SYNC"})
			s.closed(c, entra.CloseByServer, token)
			s.closed(c, entra.CloseExpired, token)
			s.see.Reconnected(t.Context(), entra.ReconnectedInfo{At: time.Now(), Conn: c, After: time.Duration(id) * time.Second})
		}
		s.auth(conn, entra.AuthRotation, token, &entra.AuthError{Err: errors.New("WRONGPASS not you")})
		s.see.RotationDone(t.Context(), entra.RotationDoneInfo{At: time.Now(), ServerAddr: conn.ServerAddr, Duration: 3 * time.Minute, Renewed: 12, Refused: 1})
		var got strings.Builder
		for _, e := range s.snapshot().Events {
			fmt.Fprintf(&got, "%s %d x %s\n", e.Level, e.Count, e.Text)
		}
		const want = `watch 1 x redis.test:6380: 12 connections got the new token within 3 min 0 s, 1 refused by the server.
watch 1 x redis.test:6380 refused the new token on open connections, which keep the older one (WRONGPASS).
good 40 x redis.test:6380: 40 connections are back, the last after 39 s.
bad 40 x redis.test:6380: 40 connections lost, because the token on it had expired.
watch 40 x redis.test:6380: 40 connections closed by the server or the network.
watch 40 x redis.test:6380: 40 connections closed in order before the token expired, for it cannot be renewed there (MONITOR or SYNC).
watch 3 x No new token: the token endpoint cannot be reached, or is in trouble itself (HTTP 503).
good 1 x New token, good for 1 h 0 min.
`
		if got.String() != want {
			t.Errorf("got\n%swant\n%s", got.String(), want)
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, &livepage.Options{MaxEvents: 5})
		token := times(time.Hour)
		s.renewed(token)
		for id := range uint64(1000) {
			c := conn
			c.ServerAddr = fmt.Sprintf("node%d.test:6380", id)
			s.opened(c)
			s.auth(c, entra.AuthInitial, token, &entra.AuthError{Err: errors.New("NOPERM no")})
		}
		v := s.snapshot()
		if len(v.Events) != 5 || len(v.Servers) != 200 || v.More != 800 {
			t.Errorf("%d events, %d servers and %d more", len(v.Events), len(v.Servers), v.More)
		}
		if len(v.Verdict.Reason) > 200 {
			t.Errorf("a verdict of %d bytes", len(v.Verdict.Reason))
		}
	})
}
