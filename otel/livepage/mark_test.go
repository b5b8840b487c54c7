package livepage_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/otel/livepage"
)

func TestServerInTroubleIsMarkedAndListedFirst(t *testing.T) {
	refused := &entra.AuthError{Err: errors.New("WRONGPASS not you")}
	for name, tt := range map[string]struct {
		happens     func(s *site, c entra.ConnInfo, token entra.TokenTimes)
		level, text string
	}{
		"refuses logins": {func(s *site, c entra.ConnInfo, token entra.TokenTimes) { s.auth(c, entra.AuthInitial, token, refused) },
			"bad", "refuses logins (WRONGPASS)"},
		"refuses logins, and was silent before": {func(s *site, c entra.ConnInfo, token entra.TokenTimes) {
			s.unanswered(c, token, 3*time.Second, net.ErrClosed)
			s.auth(c, entra.AuthInitial, token, refused)
		}, "bad", "refuses logins (WRONGPASS)"},
		"refuses a newer token": {func(s *site, c entra.ConnInfo, token entra.TokenTimes) { s.auth(c, entra.AuthRotation, token, refused) },
			"watch", "refuses the new token (WRONGPASS)"},
		"is loading": {func(s *site, c entra.ConnInfo, token entra.TokenTimes) {
			s.unable(c, entra.AuthInitial, token, "LOADING the dataset")
		}, "watch", "answers LOADING to logins"},
		"is loading in a rotation": {func(s *site, c entra.ConnInfo, token entra.TokenTimes) {
			s.unable(c, entra.AuthRotation, token, "LOADING the dataset")
		}, "watch", "answers LOADING to the new token"},
		"is silent": {func(s *site, c entra.ConnInfo, token entra.TokenTimes) {
			s.unanswered(c, token, 3*time.Second, net.ErrClosed)
		}, "watch", "did not answer the last login"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := open(t, nil)
				token := times(time.Hour)
				s.renewed(token)
				for i := range 300 {
					s.opened(node(i))
					s.auth(node(i), entra.AuthInitial, token, nil)
				}
				troubled := node(250) // beyond what the page has room for
				tt.happens(s, troubled, token)
				v := s.snapshot()
				if len(v.Servers) != 200 || v.More != 100 {
					t.Fatalf("%d servers and %d more", len(v.Servers), v.More)
				}
				for i, server := range v.Servers {
					marked := server.Trouble.Level == tt.level && server.Trouble.Text == tt.text
					if marked != (server.Server == troubled.ServerAddr) || marked != (i == 0) {
						t.Errorf("place %d: %+v", i, server)
					}
				}
				if mark := fmt.Sprintf(`<strong class="%s">%s</strong>`, tt.level, tt.text); strings.Count(s.get(""), mark) != 1 {
					t.Errorf("the page without a script lacks %s", mark)
				}
				s.auth(troubled, entra.AuthInitial, token, nil)
				if first := s.snapshot().Servers[0]; first.Trouble.Text != "" || first.Server != node(0).ServerAddr {
					t.Errorf("after an acceptance: %+v", first)
				}
			})
		})
	}
}

func TestPageNamesThePod(t *testing.T) {
	hostname, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ option, variable, want string }{
		{"", "", hostname}, {"", "checkout-7d9c6", "checkout-7d9c6"}, {"blue/checkout-7d9c6", "checkout-7d9c6", "blue/checkout-7d9c6"},
	} {
		t.Setenv("POD_NAME", tt.variable)
		synctest.Test(t, func(t *testing.T) {
			s := open(t, &livepage.Options{Name: "checkout", Instance: tt.option})
			if got := s.snapshot().Instance; got != tt.want {
				t.Errorf("%+v: %q", tt, got)
			}
			if body := s.get(""); !strings.Contains(body, `<p id="instance">In `+tt.want+`</p>`) {
				t.Errorf("%+v: %s", tt, body)
			}
		})
	}
}
