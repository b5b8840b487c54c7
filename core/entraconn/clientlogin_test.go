package entraconn_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

// programsToken returns a token that the program acquires by itself and that lives that long.
func programsToken(s *site, life time.Duration) string {
	s.t.Helper()
	s.sts.SetLifetime(life)
	defer s.sts.SetLifetime(entratest.DefaultLifetime)
	tok, err := s.sts.Credential().GetToken(s.t.Context(), policy.TokenRequestOptions{Scopes: []string{entra.DefaultScope}})
	if err != nil {
		s.t.Fatal(err)
	}
	return tok.Token
}

// A program logs in by itself as our user, with a token that has 30 seconds left. The server counts
// the life of that one, so ours must follow.
func TestShorterTokenOfTheProgramIsFollowedByOurs(t *testing.T) {
	for _, tc := range []struct {
		name    string
		command []string // with %s for the token
		pieces  int      // in how many writes it goes out
		busy    bool     // the client goes on to use the connection
	}{
		{name: "AUTH", command: []string{"AUTH", entratest.ObjectID, "%s"}, pieces: 1, busy: true},
		{name: "AUTH, then idle", command: []string{"AUTH", entratest.ObjectID, "%s"}, pieces: 1},
		{name: "in pieces", command: []string{"auth", entratest.ObjectID, "%s"}, pieces: 7, busy: true},
		{name: "HELLO", command: []string{"HELLO", "3", "SETNAME", "x", "AUTH", entratest.ObjectID, "%s"}, pieces: 1, busy: true},
		{name: "HELLO in pieces", command: []string{"HELLO", "2", "AUTH", entratest.ObjectID, "%s"}, pieces: 9},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				c := s.dialer(nil)()
				defer c.Close()
				c.do("PING", "+PONG")
				words := slices.Clone(tc.command)
				words[slices.Index(words, "%s")] = programsToken(s, 30*time.Second)
				p := encode(words...)
				for piece := range slices.Chunk(p, len(p)/tc.pieces+1) {
					if _, err := c.Write(piece); err != nil {
						t.Fatal(err)
					}
				}
				l, err := c.line()
				if err != nil || strings.HasPrefix(l, "-") {
					t.Fatal(l, err)
				}
				for c.r.Buffered() > 0 { // the rest of the answer to HELLO
					if _, err := c.line(); err != nil {
						t.Fatal(err)
					}
				}
				if tc.busy {
					c.do("PING", "+PONG")
				}
				time.Sleep(time.Minute)
				c.do("PING", "+PONG")
				if n := s.gateway.Stats().Auths; n != 3 {
					t.Errorf("%d AUTHs, want the login, the program's and ours after it", n)
				}
				s.afterRotation()
				time.Sleep(time.Hour)
				c.do("PING", "+PONG")
			})
		})
	}
}

// What the client writes along with its AUTH may block for longer than its token lives.
func TestBlockingCommandWaitsForOurTokenAfterTheProgramsOwn(t *testing.T) {
	inBubble(t, func(s *site) {
		open := s.dialer(nil)
		c, other := open(), open()
		defer c.Close()
		defer other.Close()
		c.do("PING", "+PONG")
		p := append(encode("AUTH", entratest.ObjectID, programsToken(s, 30*time.Second)), encode("BLPOP", "k", "60")...)
		if _, err := c.Write(p); err != nil {
			t.Fatal(err)
		}
		wait := c.later("+OK", "*2", "$1", "k", "$1", "v")
		time.Sleep(50 * time.Second)
		other.do("RPUSH k v", ":1")
		wait()
	})
}

// A login of the program's own that the server refuses changes nothing: the connection keeps our
// token and is renewed.
func TestRefusedLoginOfTheProgramChangesNothing(t *testing.T) {
	for _, command := range []string{"AUTH " + entratest.ObjectID + " wrong", "AUTH wrong", "HELLO 3 AUTH me wrong"} {
		t.Run(command, func(t *testing.T) {
			inBubble(t, func(s *site) {
				c := s.dialer(nil)()
				defer c.Close()
				c.do("PING", "+PONG")
				if err := c.send(command); err != nil {
					t.Fatal(err)
				}
				if l, err := c.line(); !strings.HasPrefix(l, "-WRONGPASS") || err != nil {
					t.Fatal(l, err)
				}
				time.Sleep(time.Minute)
				if n := s.gateway.Stats().Auths; n != 1 {
					t.Errorf("%d AUTHs", n)
				}
				s.afterRotation()
				if n := s.gateway.Stats().Auths; n != 2 {
					t.Errorf("%d AUTHs after a rotation", n)
				}
				c.do("PING", "+PONG")
			})
		})
	}
}

// A login in a transaction that runs nothing changes nothing, and the connection is renewed as before.
func TestLoginInATransactionThatRunsNothingChangesNothing(t *testing.T) {
	for _, end := range []string{"DISCARD", "RESET"} {
		inBubble(t, func(s *site) {
			c := s.dialer(nil)()
			defer c.Close()
			c.do("PING", "+PONG")
			c.do("MULTI", "+OK")
			c.do("AUTH other pw", "+QUEUED")
			c.do(end, map[string]string{"DISCARD": "+OK", "RESET": "+RESET"}[end])
			c.do("PING", "+PONG")
			time.Sleep(80 * time.Minute)
			c.do("PING", "+PONG")
		})
	}
}

// The server refuses our AUTH that follows the program's own. It is tried again, as in a rotation.
func TestRefusedAuthAfterTheProgramsOwnIsTriedAgain(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.dialer(nil)()
		defer c.Close()
		c.do("PING", "+PONG")
		token := programsToken(s, 10*time.Minute)
		c.do("AUTH "+entratest.ObjectID+" "+token, "+OK")
		fault := s.gateway.Inject(entratest.WireFault{RefuseAuth: "LOADING Redis is loading the dataset in memory", Count: 2})
		time.Sleep(9 * time.Minute)
		if n := fault.Hits(); n != 2 {
			t.Errorf("%d AUTHs met the fault", n)
		}
		time.Sleep(2 * time.Minute)
		c.do("PING", "+PONG")
	})
}

// onLoggedScript is onScript with a server that accepts every login, and a log that can be read.
func onLoggedScript(t *testing.T, opts *entra.Options, test func(s *site, server *scripted, log func() string)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &site{t: t, network: entratest.NewNetwork(), sts: entratest.NewSTS(nil), events: &events{}}
		l, err := s.network.Listen(addr)
		if err != nil {
			t.Fatal(err)
		}
		server := &scripted{auth: func(int) string { return "+OK\r\n" }}
		wait := server.serve(l)
		log := &lockedLog{}
		opts.Observer, opts.Logger = s.events.observer(), slog.New(slog.NewTextHandler(log, nil))
		s.src, err = entra.NewSource(s.sts.Credential(), opts)
		if err != nil {
			t.Fatal(err)
		}
		test(s, server, log.String)
		synctest.Wait()
		s.events.paired(t)
		s.src.Close()
		l.Close()
		wait()
	})
}

type lockedLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// As another user the connection is the program's, and the log says so once for each client.
func TestLoginAsAnotherUserIsLoggedOnce(t *testing.T) {
	onLoggedScript(t, &entra.Options{}, func(s *site, server *scripted, log func() string) {
		for i, name := range []string{"a", "b"} {
			open := s.dialer(&entraconn.Options{Library: "go-redis", Name: name})
			for _, command := range []string{"AUTH me mine", "AUTH mine", "HELLO 3 AUTH me mine"} {
				c := open()
				defer c.Close()
				c.do("PING", "+PONG")
				if err := c.send(command); err != nil {
					t.Fatal(err)
				}
				if l, err := c.line(); strings.HasPrefix(l, "-") || err != nil {
					t.Fatal(l, err)
				}
				time.Sleep(time.Minute)
			}
			lines := strings.Count(log(), "logs in as another user")
			if lines != i+1 || !strings.Contains(log(), "level=WARN") || !strings.Contains(log(), "library=go-redis pool="+name+" server="+addr) {
				t.Errorf("%d lines after client %d: %s", lines, i, log())
			}
		}
		if n, _ := s.events.authsIn(entra.AuthRotation); n != 0 {
			t.Errorf("%d AUTHs of ours on connections of the program", n)
		}
		if strings.Contains(log(), "mine") {
			t.Errorf("the log tells a password: %s", log())
		}
	})
}

// AUTH with a password alone is a login as the user default.
func TestPasswordAloneIsTheDefaultUser(t *testing.T) {
	onLoggedScript(t, &entra.Options{Username: "default"}, func(s *site, server *scripted, log func() string) {
		c := s.dialer(nil)()
		defer c.Close()
		c.do("PING", "+PONG")
		c.do("AUTH mine", "+OK")
		time.Sleep(time.Minute)
		if got := server.tokensSeen(); !slices.Equal(got, []int{1, 2, 1}) {
			t.Errorf("AUTHs with the tokens %v, want ours after the program's", got)
		}
		if strings.Contains(log(), "logs in as another user") {
			t.Errorf("the log: %s", log())
		}
	})
}
