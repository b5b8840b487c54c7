package entraconn_test

import (
	"cmp"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidwall/redcon"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

// A scripted server answers AUTH as a test says, and every other command with one line.
type scripted struct {
	// auth returns the answer to an AUTH with the n-th token that was ever seen, from 1.
	auth  func(token int) string
	mute  bool   // it answers nothing but AUTH and a few others
	hello string // the answer to HELLO, that of a server that speaks RESP3 if empty

	mu     sync.Mutex
	tokens map[string]int
	auths  []int
}

func (s *scripted) serve(l net.Listener) (wait func()) {
	s.tokens = map[string]int{}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				rd := redcon.NewReader(c)
				for {
					cmd, err := rd.ReadCommand()
					if err != nil {
						return
					}
					if _, err := c.Write([]byte(s.answer(cmd.Args))); err != nil {
						return
					}
				}
			})
		}
	})
	return all.Wait
}

func (s *scripted) answer(args [][]byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch strings.ToUpper(string(args[0])) {
	case "AUTH":
		token := string(args[len(args)-1])
		if s.tokens[token] == 0 {
			s.tokens[token] = len(s.tokens) + 1
		}
		s.auths = append(s.auths, s.tokens[token])
		return s.auth(s.tokens[token])
	case "RESET":
		return "+RESET\r\n"
	case "BLPOP", "SLEEP": // for good
		return ""
	case "HELLO":
		return cmp.Or(s.hello, "%1\r\n$5\r\nproto\r\n:3\r\n")
	}
	if s.mute {
		return ""
	}
	return "+PONG\r\n"
}

// tokensSeen returns the token of each AUTH, numbered in the order in which they were first seen.
func (s *scripted) tokensSeen() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.auths)
}

// seen returns how many AUTHs there have been.
func (s *scripted) seen() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.auths)
}

func onlyToken(n int) func(int) string {
	return func(token int) string {
		if token == n {
			return "+OK\r\n"
		}
		return "-WRONGPASS not this one\r\n"
	}
}

// onScript runs a test in a bubble against a scripted server.
func onScript(t *testing.T, server *scripted, opts *entraconn.Options, test func(s *site, open func() *client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &site{t: t, network: entratest.NewNetwork(), sts: entratest.NewSTS(nil), events: &events{}}
		l, err := s.network.Listen(addr)
		if err != nil {
			t.Fatal(err)
		}
		wait := server.serve(l)
		s.src, err = entra.NewSource(s.sts.Credential(), &entra.Options{Observer: s.events.observer()})
		if err != nil {
			t.Fatal(err)
		}
		test(s, s.dialer(opts))
		synctest.Wait()
		s.events.paired(t)
		s.src.Close()
		l.Close()
		wait()
	})
}

// The server accepts the old token and refuses the new one, until the old one expires.
func TestOldTokenServesWhileTheNewOneIsRefused(t *testing.T) {
	onScript(t, &scripted{auth: onlyToken(1)}, nil, func(s *site, open func() *client) {
		hold := open()
		hold.do("PING", "+PONG")
		for _, at := range []time.Duration{71 * time.Minute, 73 * time.Minute, 74*time.Minute + 50*time.Second} {
			time.Sleep(time.Until(midnight.Add(at)))
			late := open()
			late.do("PING", "+PONG")
			late.Close()
		}
		hold.do("PING", "+PONG")
		hold.Close()
	})
}

// midnight is when every bubble begins, and the first token with it.
var midnight = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// RESET logs out. What follows must be a login that the server accepts, not the token that it has
// just refused.
func TestResetLogsInWithATokenThatWasAccepted(t *testing.T) {
	onScript(t, &scripted{auth: onlyToken(1)}, nil, func(s *site, open func() *client) {
		c := open()
		defer c.Close()
		c.do("PING", "+PONG")
		time.Sleep(64 * time.Minute)
		if _, failed := s.events.authsIn(entra.AuthRotation); failed == 0 {
			t.Fatal("no newer token was refused")
		}
		c.do("RESET", "+RESET")
		c.do("PING", "+PONG")
	})
}

// Many pushes before the answer to our AUTH on an idle connection do not end the connection.
func TestPushesBeforeTheAnswerOnAnIdleConnection(t *testing.T) {
	push := strings.Repeat(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n", 1000)
	server := &scripted{auth: func(token int) string {
		if token == 1 {
			return "+OK\r\n"
		}
		return push + "+OK\r\n"
	}}
	onScript(t, server, nil, func(s *site, open func() *client) {
		c := open()
		defer c.Close()
		c.do("PING", "+PONG")
		time.Sleep(72 * time.Minute)
		if err := c.send("PING"); err != nil {
			t.Fatal(err)
		}
		for range strings.Count(push, "\n") {
			if _, err := c.line(); err != nil {
				t.Fatal(err)
			}
		}
		if l, err := c.line(); l != "+PONG" || err != nil {
			t.Errorf("%q, %v", l, err)
		}
	})
}

// A connection that is blocked for good, on a network that is gone, keeps its old token. The others
// keep their window all the same.
func TestLateConnUsesItsOwnWindow(t *testing.T) {
	accept := &scripted{auth: func(int) string { return "+OK\r\n" }}
	onScript(t, accept, nil, func(s *site, open func() *client) {
		var clients []*client
		for range 20 {
			c := open()
			c.do("PING", "+PONG")
			clients = append(clients, c)
		}
		if err := clients[0].send("BLPOP k 0"); err != nil {
			t.Fatal(err)
		}
		clients[1].do("AUTH me mine", "+OK")
		time.Sleep(5 * time.Hour)
		for i, w := range s.events.windows() {
			if w < 9*time.Minute {
				t.Errorf("rotation %d: a window of %v", i, w)
			}
		}
		for _, c := range clients {
			c.Close()
		}
	})
}

// Each newer token starts with no failures: those of the token before it are forgotten.
func TestRefusalsEndWithTheirToken(t *testing.T) {
	server := &scripted{auth: func(token int) string {
		if token == 2 {
			return "-WRONGPASS not this one\r\n"
		}
		return "+OK\r\n"
	}}
	onScript(t, server, nil, func(s *site, open func() *client) {
		c := open()
		defer c.Close()
		c.do("PING", "+PONG")
		time.Sleep(3 * time.Hour)
		if n, _ := s.events.authsIn(entra.AuthRotation); n < 2 {
			t.Errorf("%d first AUTHs with a token: later ones were taken for retries", n)
		}
		if s.sts.Issued() < 3 {
			t.Errorf("%d tokens: the Source was not told of the refusal", s.sts.Issued())
		}
	})
}

func TestSeparateLoginEndsWithItsConnection(t *testing.T) {
	for name, answer := range map[string]string{"garbage": "$garbage\r\n", "queued": "+QUEUED\r\n", "error": "-ERR no\r\n", "nothing": ""} {
		t.Run(name, func(t *testing.T) {
			server := &scripted{auth: func(int) string { return answer }}
			onScript(t, server, &entraconn.Options{SeparateLogin: true}, func(s *site, open func() *client) {
				c := open()
				if answer == "" {
					time.AfterFunc(time.Second, func() { c.Close() })
				}
				began := time.Now()
				err := c.send("PING")
				if d := time.Since(began); d > time.Second {
					t.Errorf("took %v", d)
				}
				if l, _ := c.line(); err == nil && l != "-ERR no" {
					t.Errorf("wrote, and read %q", l)
				}
				c.Close()
			})
		})
	}
}
