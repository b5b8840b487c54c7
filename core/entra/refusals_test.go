package entra_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// A refusal that is not about the token causes no Reject, but Status and the log show it.
func TestRefusalOfAServerIsInStatusAndLogUntilItAccepts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		observed := 0
		src := newSource(t, entratest.NewSTS(nil).Credential(), &entra.Options{
			Logger:   slog.New(slog.NewTextHandler(&log, nil)),
			Observer: &entra.Observer{AuthDone: func(context.Context, entra.AuthDoneInfo) { observed++ }},
		})
		tok, err := src.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		older := tok.Times()
		older.ExpiresOn = older.ExpiresOn.Add(-time.Hour)
		report := func(addr string, times entra.TokenTimes, err error, refused bool) {
			src.Observer().AuthDone(t.Context(), entra.AuthDoneInfo{
				Conn: entra.ConnInfo{ServerAddr: addr}, Phase: entra.AuthInitial, Token: times, Err: err, Refused: refused,
			})
		}
		is := func(when string, health entra.Health, lines int) {
			t.Helper()
			st := src.Status()
			if st.Health != health || st.Rejected != (health == entra.HealthDegraded) {
				t.Errorf("%s: %s, rejected %t", when, st.Health, st.Rejected)
			}
			if n := strings.Count(log.String(), "refuses AUTH"); n != lines {
				t.Errorf("%s: %d lines in the log, want %d: %s", when, n, lines, &log)
			}
		}
		denied := func(addr string) error {
			return &entra.AuthError{Addr: addr, Err: errors.New("ERR unknown command 'AUTH'")}
		}
		is("at first", entra.HealthReady, 0)
		report("a:1", tok.Times(), denied("a:1"), false)
		is("after a transient error", entra.HealthReady, 0)
		report("a:1", older, denied("a:1"), true)
		is("after an older token was refused", entra.HealthReady, 1)
		for range 3 {
			report("a:1", tok.Times(), denied("a:1"), true)
		}
		is("after a refusal", entra.HealthDegraded, 1)
		report("a:1", older, nil, false)
		report("b:1", tok.Times(), nil, false)
		is("after it accepted an older one, and another server this one", entra.HealthDegraded, 1)
		report("b:1", tok.Times(), denied("b:1"), true)
		is("after a second server refused", entra.HealthDegraded, 2)
		report("a:1", tok.Times(), nil, false)
		is("after one of two accepted", entra.HealthDegraded, 2)
		report("b:1", tok.Times(), nil, false)
		is("after both accepted", entra.HealthReady, 2)
		report("b:1", tok.Times(), denied("b:1"), true)
		is("after it refused again", entra.HealthDegraded, 2)
		for range 100 { // two servers behind one address
			report("b:1", tok.Times(), nil, false)
			report("b:1", tok.Times(), denied("b:1"), true)
		}
		is("after a hundred changes of mind", entra.HealthDegraded, 2)
		report("b:1", tok.Times(), nil, false)
		_, newer := src.Latest()
		<-newer
		tok, _ = src.Latest()
		report("b:1", tok.Times(), denied("b:1"), true)
		is("after it refused the next token", entra.HealthDegraded, 3)
		_, newer = src.Latest()
		<-newer
		is("with the token after that", entra.HealthReady, 3)
		if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "server=b:1") || !strings.Contains(log.String(), "code=ERR") {
			t.Errorf("the log: %s", &log)
		}
		if observed != 213 {
			t.Errorf("the user's observer was told of %d AUTHs", observed)
		}
	})
}
