package entraconn_test

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

// A whole rotation: the canary goes first, the others follow evenly, all are done by 3 minutes
// before the old token expires, nothing is sent twice.
func TestRotationSpreadsOverTheWindow(t *testing.T) {
	conns := crowdSize()
	inBubble(t, func(s *site) {
		open := s.dialer(nil)
		clients := make([]*client, conns)
		for i := range clients {
			clients[i] = open()
			clients[i].do("PING", "+PONG")
		}
		old, _ := s.src.Latest()
		s.nextToken()
		began := time.Now()
		time.Sleep(time.Until(old.RenewBy()))
		synctest.Wait()

		auths := s.gateway.Auths()[conns:]
		seen := map[int]bool{}
		buckets := make([]int, 10)
		window := 10 * time.Minute
		for _, a := range auths {
			if seen[a.Conn] {
				t.Errorf("connection %d was renewed twice", a.Conn)
			}
			seen[a.Conn] = true
			if a.At.After(old.RenewBy()) {
				t.Errorf("an AUTH %v before the token's end", old.ExpiresOn().Sub(a.At))
			}
			buckets[min(9, int(10*a.At.Sub(began)/window))]++
		}
		if len(seen) != conns {
			t.Errorf("%d of %d connections were renewed", len(seen), conns)
		}
		for i, n := range buckets {
			if n < conns/12 || n > conns*12/100 {
				t.Errorf("%d AUTHs in part %d of the window, even would be %d: %v", n, i, conns/10, buckets)
				break
			}
		}
		if first, second := auths[0].At, auths[1].At; !first.Before(second) {
			t.Error("no connection waited for the canary")
		}
		for _, c := range clients {
			c.do("PING", "+PONG")
			c.Close()
		}
		synctest.Wait()
		s.events.paired(t)
		if r := s.events.rotated; len(r) != 1 || r[0].Renewed != conns || r[0].Left+r[0].Closed+r[0].Refused != 0 {
			t.Errorf("the observer was told %+v", r)
		}
	})
}

// The server does not know a token yet: only the canary is refused, and all connections keep
// working, new ones too.
func TestRefusedCanarySparesTheOthers(t *testing.T) {
	inBubble(t, func(s *site) {
		open := s.dialer(nil)
		var clients []*client
		for range 20 {
			c := open()
			c.do("PING", "+PONG")
			clients = append(clients, c)
		}
		fault := s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS not yet"})
		s.nextToken()
		time.Sleep(20 * time.Second)
		if n := s.gateway.Stats().Refused; n == 0 || n > 10 {
			t.Errorf("%d AUTHs were refused in 20 s, want a few", n)
		}
		fault.Remove()
		late := open()
		late.do("PING", "+PONG")
		clients = append(clients, late)
		time.Sleep(15 * time.Minute)
		for _, c := range clients {
			c.do("PING", "+PONG")
			c.Close()
		}
		synctest.Wait()
		s.events.paired(t)
		if n := s.gateway.Stats().Expired; n != 0 {
			t.Errorf("%d connections expired", n)
		}
	})
}

// An AUTH that goes alone needs no client that reads: connections in a pool are idle for hours.
func TestIdleConnectionIsRenewedForADay(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.dialer(nil)()
		c.do("PING", "+PONG")
		// The client has left stale deadlines.
		c.SetDeadline(time.Now().Add(time.Second))
		time.Sleep(24 * time.Hour)
		c.SetDeadline(time.Now().Add(time.Second))
		c.do("PING", "+PONG")
		c.Close()
		synctest.Wait()
		s.events.paired(t)
		if n, failed := s.events.authsIn(entra.AuthRotation); n < 24 || n > 30 || failed > 0 {
			t.Errorf("%d renewals in 24 hours, %d failed", n, failed)
		}
		if n := s.gateway.Stats().Accepted; n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

// A client that always reads, as rueidis and every subscriber do, finds the answer itself, and does
// not get it.
func TestReaderNeverSeesTheAnswer(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.dialer(nil)()
		c.do("PING", "+PONG")
		lines := make(chan string)
		go func() {
			defer close(lines)
			for {
				l, err := c.line()
				if err != nil {
					return
				}
				lines <- l
			}
		}()
		s.afterRotation()
		s.afterRotation()
		if err := c.send("ECHO x"); err != nil {
			t.Fatal(err)
		}
		if l := <-lines; l != "$1" {
			t.Errorf("read %q", l)
		}
		<-lines
		if n := s.gateway.Stats().Auths; n != 3 {
			t.Errorf("%d AUTHs, want 3", n)
		}
		c.Close()
		<-lines
	})
}

// While a slow command runs no AUTH goes out after it: the server would run it no sooner, and a
// full buffer could cost the connection.
func TestLoneAuthWaitsForAnswers(t *testing.T) {
	server := &scripted{auth: func(int) string { return "+OK\r\n" }}
	onScript(t, server, nil, func(s *site, open func() *client) {
		c := open()
		c.do("PING", "+PONG")
		if err := c.send("SLEEP"); err != nil {
			t.Fatal(err)
		}
		s.nextToken()
		time.Sleep(5 * time.Minute)
		if n := server.seen(); n != 1 {
			t.Errorf("%d AUTHs, the second behind an unanswered command", n)
		}
		c.Close()
	})
}

// A server that does not answer our AUTH, although that is the next reply, before the token expires,
// is gone. The client finds the end before it loses a command.
func TestUnansweredAuthEndsAnIdleConnection(t *testing.T) {
	server := &scripted{auth: func(token int) string {
		if token == 1 {
			return "+OK\r\n"
		}
		return ""
	}}
	onScript(t, server, nil, func(s *site, open func() *client) {
		c := open()
		c.do("PING", "+PONG")
		old, _ := s.src.Latest()
		time.Sleep(time.Until(old.ExpiresOn()))
		if n := server.seen(); n != 2 || len(s.events.reasons()) > 0 {
			t.Errorf("%d AUTHs, and before the token expired the connection ended: %v", n, s.events.reasons())
		}
		time.Sleep(10 * time.Second)
		if err := c.send("PING"); err == nil {
			t.Error("wrote to a dead connection")
		}
		c.Close()
		if r := s.events.reasons(); len(r) != 1 || r[0] != entra.CloseAuthTimeout {
			t.Errorf("closed because of %s", r)
		}
	})
}

// Connections whose clients are stuck in a write, more of them than there are workers, delay no
// other connection.
func TestStuckWritersDelayNoOther(t *testing.T) {
	inBubble(t, func(s *site) {
		var peers []net.Conn
		dial := entraconn.NewDialer(s.src, nil).DialFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
			if len(peers) == 8 {
				return s.network.DialContext(ctx, network, addr)
			}
			ours, theirs := net.Pipe()
			peers = append(peers, theirs)
			go func() { // answers the login, and then takes nothing any more
				theirs.Read(make([]byte, 4096))
				io.WriteString(theirs, "+OK\r\n+PONG\r\n")
			}()
			return ours, nil
		})
		var all sync.WaitGroup
		var clients []*client
		for range 8 {
			c := s.client(dial)
			c.do("PING", "+PONG")
			all.Go(func() { c.send("PING") })
			clients = append(clients, c)
		}
		c := s.client(dial)
		c.do("PING", "+PONG")
		s.afterRotation()
		if n := s.gateway.Stats().Auths; n != 2 {
			t.Errorf("%d AUTHs, want 2", n)
		}
		for _, c := range append(clients, c) {
			c.Close()
		}
		all.Wait()
	})
}

// The Source must hear of a refusal, for only it can ask for another token.
func TestRefusalsReachTheSource(t *testing.T) {
	for _, at := range []string{"login", "rotation"} {
		t.Run(at, func(t *testing.T) {
			inBubble(t, func(s *site) {
				open := s.dialer(nil)
				if _, err := s.src.Token(s.t.Context()); err != nil {
					t.Fatal(err)
				}
				if at == "rotation" {
					c := open()
					defer c.Close()
					c.do("PING", "+PONG")
					s.nextToken()
				}
				refused := s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS revoked"})
				before := s.sts.Issued()
				if at == "login" {
					c := open()
					if err := c.send("PING"); err != nil {
						t.Fatal(err)
					}
					if l, err := c.line(); err == nil {
						t.Errorf("logged in, %q", l)
					}
					c.Close()
				}
				if err := refused.Wait(s.t.Context()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(2 * time.Minute)
				if s.sts.Issued() == before {
					t.Error("no other token was asked for")
				}
			})
		})
	}
}
