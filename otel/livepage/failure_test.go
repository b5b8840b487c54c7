package livepage_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// Who was asked is who is named. Without an answer it is not known, and none of them is blamed.
func TestPageNamesWhoGaveNoToken(t *testing.T) {
	const machine, cloud = "169.254.169.254", "login.microsoftonline.com"
	for name, tt := range map[string]struct {
		failure          entra.RefreshError
		reason, advice   string
		notInAnyOfTheTwo string
	}{
		"machine in trouble":    {entra.RefreshError{Kind: entra.KindNetwork, Status: 500, Host: machine}, "the managed identity endpoint cannot be reached, or is in trouble itself", "managed identity endpoint of this machine", "Entra"},
		"machine throttles":     {entra.RefreshError{Kind: entra.KindThrottled, Status: 429, Host: machine}, "the managed identity endpoint says that it gets too many requests", "other programs on this machine", "Entra"},
		"machine refuses":       {entra.RefreshError{Kind: entra.KindRejected, Status: 400, Host: "localhost:40342"}, "the managed identity endpoint has no identity for this machine", "Assign the managed identity", "Entra"},
		"no answer":             {entra.RefreshError{Kind: entra.KindNetwork}, "the token endpoint cannot be reached", "or to 169.254.169.254 for a managed identity", "Entra"},
		"no answer in time":     {entra.RefreshError{Kind: entra.KindTimedOut}, "the token endpoint does not answer in time", "or to 169.254.169.254 for a managed identity", "Entra"},
		"no identity":           {entra.RefreshError{Kind: entra.KindRejected}, "the credential found no identity to ask with", "environment variables", "Entra"},
		"Entra in trouble":      {entra.RefreshError{Kind: entra.KindNetwork, Status: 503, Host: cloud}, "Microsoft Entra cannot be reached, or is in trouble itself", "on the way to login.microsoftonline.com,", "managed identity"},
		"Entra throttles":       {entra.RefreshError{Kind: entra.KindThrottled, Status: 429, Host: cloud}, "Microsoft Entra says that it gets too many requests", "with this identity", "managed identity"},
		"Entra refuses":         {entra.RefreshError{Kind: entra.KindRejected, Status: 401, Host: cloud}, "Microsoft Entra refuses the credential", "fix the credential", "managed identity"},
		"Entra refuses a tool":  {entra.RefreshError{Kind: entra.KindRejected, Code: "AADSTS700082"}, "Microsoft Entra refuses the credential (the user has to sign in again)", "fix the credential", "managed identity"},
		"tokens without an oid": {entra.RefreshError{Kind: entra.KindMalformed}, "the credential returns tokens that cannot be used", "entra.Options.Username", "Entra "},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := open(t, nil)
				s.renewed(times(time.Hour))
				s.failed(1, tt.failure)
				check := func(when string) {
					t.Helper()
					v := s.snapshot()
					told := v.Verdict.Reason + v.Verdict.Advice + v.Events[0].Text + v.Entra.Text
					if !strings.Contains(v.Verdict.Reason, tt.reason) || !strings.Contains(v.Verdict.Advice, tt.advice) || strings.Contains(told, tt.notInAnyOfTheTwo) {
						t.Errorf("%s: %+v", when, v.Verdict)
					}
				}
				check("while the token is good")
				if advice := s.snapshot().Verdict.Advice; strings.Contains(advice, "restart") {
					t.Errorf("while the token is good: %s", advice)
				}
				time.Sleep(time.Hour)
				check("when the token has expired")
				if v := s.snapshot().Verdict; v.Level != "bad" || !strings.Contains(v.Advice, "A restart alone does not help") {
					t.Errorf("when the token has expired: %+v", v)
				}
			})
		})
	}
}

// A credential may give its expired token again, or not answer at all: then nothing has failed, and the page has to say
// what to do nevertheless.
func TestPageSaysWhatToDoAboutAnExpiredToken(t *testing.T) {
	for name, tt := range map[string]struct {
		happens        func(s *site)
		reason, advice string
	}{
		"the same token again": {func(s *site) {
			s.see.AttemptDone(s.t.Context(), entra.AttemptDoneInfo{At: time.Now(), Attempt: 1, Unchanged: true})
		}, "the credential keeps returning it", "Restart what caches tokens"},
		"no answer": {func(*site) {}, "the credential has not answered yet", "Check DNS, proxy and firewall"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := open(t, nil)
				s.renewed(times(time.Hour))
				time.Sleep(time.Hour - time.Minute)
				tt.happens(s)
				if v := s.snapshot().Verdict; v.Level != "good" {
					t.Errorf("while the token is good: %+v", v)
				}
				time.Sleep(time.Minute)
				v := s.snapshot().Verdict
				if v.Level != "bad" || !strings.Contains(v.Reason, tt.reason) || !strings.Contains(v.Advice, tt.advice) || !strings.Contains(v.Advice, "clock") {
					t.Errorf("%+v", v)
				}
			})
		})
	}
}
