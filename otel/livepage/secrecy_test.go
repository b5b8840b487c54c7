package livepage_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/otel/livepage"
)

// A whole life: a real Source, a real gateway, rotations, an outage, a refusal, a recovery; what the page has shown all
// the while holds nothing that it should not.
func TestPageShowsALifeAndNoSecret(t *testing.T) {
	for _, showID := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := open(t, &livepage.Options{ShowObjectID: showID})
			sts := entratest.NewSTS(nil)
			network := entratest.NewNetwork()
			l, err := network.Listen("10.0.0.4:6380")
			if err != nil {
				t.Fatal(err)
			}
			gateway := entratest.NewGateway(l, &entratest.GatewayOptions{STS: sts})
			defer gateway.Close()
			cred, err := sts.ClientSecretCredential()
			if err != nil {
				t.Fatal(err)
			}
			src, err := entra.NewSource(cred, &entra.Options{Observer: s.page.Observer()})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			s.page.Watch(src)

			var all strings.Builder
			look := func(answer string) view {
				t.Helper()
				all.WriteString(s.get("") + s.get("snapshot"))
				v := s.snapshot()
				if answer != "" && v.Verdict.Answer != answer {
					t.Errorf("%+v, want %s", v.Verdict, answer)
				}
				return v
			}
			token, err := src.Token(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			oid, secret := token.Credentials()
			dial := entraconn.NewDialer(src, &entraconn.Options{Library: "plain", AllowPlaintext: true}).DialFunc(network.DialContext)
			var conns []net.Conn
			for range 20 {
				c, err := dial(t.Context(), "tcp", "10.0.0.4:6380")
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				conns = append(conns, c)
				ping(t, c)
			}
			if v := look("No."); v.Servers[0].Current != 20 || v.Token.Renewal.Text != "asked for" || v.Token.Renewal.At.Before(v.Now) {
				t.Errorf("%+v", v)
			}
			time.Sleep(time.Until(src.Status().NextAttempt) + 4*time.Minute) // the rotation has 10 minutes
			if v := look("No."); v.Servers[0].Rotation == nil || v.Servers[0].Stale == 0 || v.Servers[0].Current == 0 {
				t.Errorf("no rotation in %+v", v.Servers)
			}
			outage := sts.Inject(entratest.Fault{Status: 401, Body: `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret, trace 4711-abc"}`})
			time.Sleep(time.Until(src.Status().ExpiresOn) - 2*time.Minute) // azidentity's cache holds until 5 minutes before
			if v := look("Not yet."); !strings.Contains(v.Entra.Codes, "HTTP 401, from login.microsoftonline.com, AADSTS7000215, the client secret is wrong") {
				t.Errorf("codes: %q", v.Entra.Codes)
			}
			time.Sleep(time.Until(src.Status().ExpiresOn) + time.Second)
			look("Yes.")
			for _, c := range conns {
				_ = c.Close() // as a pool does that finds them dead
			}
			outage.Remove()
			time.Sleep(10 * time.Minute)
			look("Not any more.")
			refusal := gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS of 4711-abc"})
			c, err := dial(t.Context(), "tcp", "10.0.0.4:6380")
			if err != nil {
				t.Fatal(err)
			}
			_, _ = c.Write([]byte("*1\r\n$4\r\nPING\r\n"))
			_, _ = c.Read(make([]byte, 100))
			_ = c.Close()
			look("Yes.")
			refusal.Remove()

			shown := all.String()
			newest, _ := src.Latest()
			_, second := newest.Credentials()
			for _, hidden := range []string{secret, second, strings.Split(secret, ".")[1], "4711-abc", "Invalid client secret", entratest.TenantID, entratest.ClientID} {
				if hidden == "" || strings.Contains(shown, hidden) {
					t.Errorf("the page has shown %q", hidden)
				}
			}
			if strings.Contains(shown, oid) != showID {
				t.Errorf("the object id is shown: %t, want %t", !showID, showID)
			}
			if err := src.Close(); err != nil {
				t.Error(err)
			}
			if v := look("Yes."); !strings.Contains(v.Verdict.Reason, "closed") {
				t.Errorf("%+v", v.Verdict)
			}
		})
	}
}

func ping(t *testing.T, c net.Conn) {
	t.Helper()
	if _, err := c.Write([]byte("*1\r\n$4\r\nPING\r\n")); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 7)
	if _, err := io.ReadFull(c, answer); err != nil || string(answer) != "+PONG\r\n" {
		t.Fatalf("%q %v", answer, err)
	}
}
