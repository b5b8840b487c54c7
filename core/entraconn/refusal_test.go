package entraconn_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

// A wording is an error with which some server refuses an AUTH.
type wording struct {
	line string
	code string // of the *entra.AuthError
	// blamesToken: the Source must acquire another token.
	blamesToken bool
	// stray: on a connection that is logged in this cannot be the answer to AUTH.
	stray bool
}

var wordings = []wording{
	{line: "WRONGPASS invalid username-password pair or user is disabled.", code: "WRONGPASS", blamesToken: true},
	{line: "ERR WRONGPASS invalid username-password pair", code: "WRONGPASS", blamesToken: true},
	{line: "WRONGPASS", code: "WRONGPASS", blamesToken: true},
	{line: "wrongpass who are you", code: "WRONGPASS", blamesToken: true},
	{line: "NOAUTH Authentication required.", code: "NOAUTH", blamesToken: true},
	{line: "ERR invalid password", code: "ERR", blamesToken: true},
	{line: "ERR the directory says no", code: "ERR", blamesToken: true},
	{line: "FORBIDDEN by the proxy", code: "", blamesToken: true},
	{line: "ERR " + strings.Repeat("no, ", 300), code: "ERR", blamesToken: true},
	{line: "ERR unknown command 'AUTH', with args beginning with: 'a' 'b' ", code: "ERR"},
	{line: "ERR unknown command `AUTH`, with args beginning with: `a`, `b`, ", code: "ERR"},
	{line: "ERR wrong number of arguments for 'auth' command", code: "ERR"},
	{line: "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?", code: "ERR"},
	{line: "ERR Client sent AUTH, but no password is set", code: "ERR"},
	{line: "DENIED Redis is running in protected mode", code: "DENIED"},
	{line: deniedWhole, code: "DENIED"},
	{line: "ERR Client sent AUTH, but no username-password pair is set", code: "ERR"},
	{line: "WRONGPASS unknown command or wrong password", code: "WRONGPASS", blamesToken: true},
	{line: "NOPROTO unsupported protocol version", code: "NOPROTO", blamesToken: true, stray: true},
	{line: "BUSYGROUP Consumer Group name already exists", code: "", blamesToken: true, stray: true},
	{line: "UNBLOCKED client unblocked via CLIENT UNBLOCK", code: "", blamesToken: true, stray: true},
	{line: "ERR EXEC without MULTI", code: "ERR", blamesToken: true, stray: true},
	{line: "ERR MULTI calls can not be nested", code: "ERR", blamesToken: true, stray: true},
	{line: "ERR Command 'AUTH' not allowed inside a transaction", code: "ERR", blamesToken: true, stray: true},
	{line: "NOPERM this user has no permissions to run the 'auth' command", code: "NOPERM", stray: true},
	{line: "ERR NOPERM no", code: "NOPERM", stray: true},
}

// deniedWhole is the whole error of a redis-server whose protected mode refuses a client.
const deniedWhole = "DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. " +
	"In this mode connections are only accepted from the loopback interface. If you want to connect from external computers to Redis you may " +
	"adopt one of the following solutions: 1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback " +
	"interface by connecting to Redis from the same host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so."

var transientWordings = []string{
	"LOADING Redis is loading the dataset in memory",
	"ERR LOADING Redis is loading the dataset in memory",
	"BUSY Redis is busy running a script",
	"MASTERDOWN Link with MASTER is down",
	"CLUSTERDOWN The cluster is down",
	"TRYAGAIN later",
	"OOM command not allowed when used memory > 'maxmemory'.",
	"ERR max number of clients reached",
	"ERR max number of clients + cluster connections reached",
}

func name(line string) string { return fmt.Sprintf("%.50s", line) }

func TestLoginRefusedInAnyWordsIsNoStorm(t *testing.T) {
	for _, w := range wordings {
		t.Run(name(w.line), func(t *testing.T) {
			inBubble(t, func(s *site) {
				fault := s.gateway.Inject(entratest.WireFault{RefuseAuth: w.line})
				dial := entraconn.NewDialer(s.src, nil).DialFunc(s.network.DialContext)
				var callers sync.WaitGroup
				end := time.Now().Add(time.Minute)
				for range 50 {
					callers.Go(func() {
						for ; time.Now().Before(end); time.Sleep(time.Second) {
							_, err := s.try(dial)
							var refused *entra.AuthError
							if !errors.As(err, &refused) || refused.Addr != addr || refused.Code() != w.code || refused.User != entratest.ObjectID || refused.Temporary() {
								t.Errorf("got %v", err)
								return
							}
							if words := refused.Err.Error(); !strings.HasPrefix(w.line, words) || len(words) < min(len(w.line), 500) {
								t.Errorf("the server said %q, the error says %q", w.line, words)
								return
							}
						}
					})
				}
				callers.Wait()
				if n := s.gateway.Stats().Accepted; n > 20 {
					t.Errorf("%d connections in a minute", n)
				}
				if n, refused := s.gateway.Stats().Accepted, s.gateway.Stats().Refused; n != refused || n != s.events.refusals() {
					t.Errorf("%d connections, %d AUTHs refused, %d refusals observed", n, refused, s.events.refusals())
				}
				if st := s.src.Status(); st.Health != entra.HealthRefused || !st.Rejected {
					t.Errorf("the Source is %s, rejected %t", st.Health, st.Rejected)
				}
				if n := s.sts.Issued() - 1; n > 3 || (n > 0) != w.blamesToken {
					t.Errorf("%d other tokens were asked for", n)
				}
				fault.Remove()
				for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
					if line, err := s.try(dial); err == nil && line == "+PONG" {
						break
					}
					if time.Since(began) > 5*time.Second {
						t.Fatal("not tried again within 5 s")
					}
				}
				synctest.Wait()
				if st := s.src.Status(); st.Health != entra.HealthReady {
					t.Errorf("after it was mended the Source is %s", st.Health)
				}
				s.events.paired(t)
			})
		})
	}
}

func TestRenewalRefusedInAnyWordsKeepsTheConnection(t *testing.T) {
	for _, w := range wordings {
		t.Run(name(w.line), func(t *testing.T) {
			inBubble(t, func(s *site) {
				c := s.dialer(nil)()
				defer c.Close()
				c.do("PING", "+PONG")
				fault := s.gateway.Inject(entratest.WireFault{RefuseAuth: w.line, RotationOnly: true})
				s.nextToken()
				issued := s.sts.Issued()
				time.Sleep(20 * time.Second)
				refused := s.gateway.Stats().Refused
				if w.stray {
					if got := s.events.reasons(); len(got) != 1 || got[0] != entra.CloseProtocol || refused != 1 || s.events.refusals() != 0 {
						t.Errorf("the connection ended with %v after %d answers that AUTH cannot have, %d refusals observed", got, refused, s.events.refusals())
					}
					return
				}
				if refused < 2 || refused > 10 || s.events.refusals() != refused {
					t.Errorf("%d AUTHs were refused in 20 s, %d observed, want a few", refused, s.events.refusals())
				}
				if st := s.src.Status(); st.Health != entra.HealthRefused {
					t.Errorf("the Source is %s", st.Health)
				}
				time.Sleep(40 * time.Second) // forced requests are 30 seconds apart at least
				if asked := s.sts.Issued() > issued; asked != w.blamesToken {
					t.Errorf("another token was asked for: %t", asked)
				}
				c.do("PING", "+PONG")
				fault.Remove()
				time.Sleep(time.Minute)
				c.do("PING", "+PONG")
				if st := s.src.Status(); st.Health != entra.HealthReady {
					t.Errorf("after it was mended the Source is %s", st.Health)
				}
				if n, _ := s.events.authsIn(entra.AuthRetry); n < 2 {
					t.Errorf("%d retries", n)
				}
				if stats := s.gateway.Stats(); stats.Accepted != 1 || stats.Auths < 2 {
					t.Errorf("%d connections, %d good AUTHs", stats.Accepted, stats.Auths)
				}
			})
		})
	}
}

func TestTransientErrorIsNoRefusal(t *testing.T) {
	for _, line := range transientWordings {
		t.Run(name(line), func(t *testing.T) {
			inBubble(t, func(s *site) {
				open := s.dialer(nil)
				fault := s.gateway.Inject(entratest.WireFault{RefuseAuth: line})
				dial := entraconn.NewDialer(s.src, nil).DialFunc(s.network.DialContext)
				got, err := s.try(dial)
				var busy *entra.AuthError
				ok := errors.As(err, &busy)
				if got != "" || !ok || !busy.Temporary() || busy.Err.Error() != line || busy.User != entratest.ObjectID {
					t.Errorf("the client read %q, %v", got, err)
				}
				if !strings.HasPrefix(err.Error(), line) {
					t.Errorf("%v: clients know it by its first words", err)
				}
				fault.Remove()
				if got, err := s.try(dial); got != "+PONG" || err != nil {
					t.Errorf("the next login: %q, %v", got, err)
				}
				c := open()
				defer c.Close()
				c.do("PING", "+PONG")
				fault = s.gateway.Inject(entratest.WireFault{RefuseAuth: line, RotationOnly: true, Count: 3})
				s.nextToken()
				issued := s.sts.Issued()
				time.Sleep(2 * time.Minute)
				if n := fault.Hits(); n != 3 {
					t.Errorf("%d AUTHs met the fault", n)
				}
				c.do("PING", "+PONG")
				if n := s.events.refusals(); n != 0 {
					t.Errorf("%d refusals were observed", n)
				}
				if st := s.src.Status(); st.Health != entra.HealthReady || s.sts.Issued() != issued {
					t.Errorf("the Source is %s and was asked for %d more tokens", st.Health, s.sts.Issued()-issued)
				}
				if stats := s.gateway.Stats(); stats.Accepted != 3 || stats.Auths != 3 {
					t.Errorf("%d connections, %d good AUTHs", stats.Accepted, stats.Auths)
				}
			})
		})
	}
}

// A server that has accepted a token and then serves no client for a moment has not refused the
// token: dials wait for no verdict.
func TestTransientErrorInARotationLeavesTheTokenProven(t *testing.T) {
	inBubble(t, func(s *site) {
		open := s.dialer(nil)
		for range 3 {
			c := open()
			defer c.Close()
			c.do("PING", "+PONG")
		}
		auths := s.gateway.Stats().Auths
		s.nextToken()
		for s.gateway.Stats().Auths == auths { // the canary
			time.Sleep(10 * time.Millisecond)
		}
		fault := s.gateway.Inject(entratest.WireFault{RefuseAuth: "LOADING Redis is loading the dataset in memory", RotationOnly: true, Count: 1})
		if err := fault.Wait(s.t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		began := time.Now()
		for range 3 {
			silent := open()
			defer silent.Close()
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("dials waited %v for a verdict on a token that the server has accepted", took)
		}
	})
}

// The server says the same whatever the reason. The error says which server and user it was, and what
// the token tells of the reason.
func TestRefusedLoginNamesItsCause(t *testing.T) {
	for _, tc := range []struct {
		name     string
		fault    entratest.Fault
		username string
		user     string // that is sent
		says     string
	}{
		{name: "no assignment", fault: entratest.Fault{Revoked: true}, user: entratest.ObjectID, says: "access policy assignment"},
		{name: "audience", fault: entratest.Fault{Claims: map[string]any{"aud": "https://vault.azure.net"}}, user: entratest.ObjectID, says: "not for Redis"},
		{name: "client id", username: entratest.ClientID, user: entratest.ClientID, says: "its object id " + entratest.ObjectID},
		{name: "no oid", fault: entratest.Fault{NoObjectID: true}, username: "me", user: "me", says: "no oid claim"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.sts.Inject(tc.fault)
				cred, err := s.sts.ClientSecretCredential() // whose tokens name its client id
				if err != nil {
					t.Fatal(err)
				}
				src, err := entra.NewSource(cred, &entra.Options{Username: tc.username})
				if err != nil {
					t.Fatal(err)
				}
				defer src.Close()
				dial := entraconn.NewDialer(src, nil).DialFunc(s.network.DialContext)
				_, err = s.try(dial)
				var refused *entra.AuthError
				if !errors.As(err, &refused) || refused.Addr != addr || refused.User != tc.user || refused.Code() != "WRONGPASS" {
					t.Fatalf("%v", err)
				}
				for _, part := range []string{addr, tc.user, refused.Err.Error(), tc.says} {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("%q does not say %q", err, part)
					}
				}
			})
		})
	}
}

// A server may repeat the arguments of a command that it does not know. Those of AUTH are the user
// and the token.
func TestServerThatRepeatsTheTokenIsNotRepeated(t *testing.T) {
	for _, line := range []string{"ERR unknown command 'AUTH', with args beginning with: 'u' '%s' ", "%s", "LOADING %s", "ERR no %s no"} {
		t.Run(name(line), func(t *testing.T) {
			inBubble(t, func(s *site) {
				tok, err := s.src.Token(s.t.Context())
				if err != nil {
					t.Fatal(err)
				}
				_, password := tok.Credentials()
				echo := fmt.Sprintf(line, password[len(password)-115:])
				s.gateway.Inject(entratest.WireFault{RefuseAuth: echo})
				dial := entraconn.NewDialer(s.src, nil).DialFunc(s.network.DialContext)
				got, err := s.try(dial)
				said := fmt.Sprint(got, err, s.events.errs(), s.src.Status())
				if !strings.Contains(said, "[REDACTED]") {
					t.Errorf("nothing was scrubbed: %s", said)
				}
				for at := 0; at+12 <= len(password); at++ {
					if strings.Contains(said, password[at:at+12]) {
						t.Fatalf("%q repeats a piece of the token", said)
					}
				}
			})
		})
	}
}
