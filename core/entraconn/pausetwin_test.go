package entraconn_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

// A peerPause is a time in which the server of a connection, or the network before it, does nothing. It
// begins when a token is due, so that it strikes an AUTH of ours. A connection with a password meets
// it in the same moment.
type peerPause struct {
	secure bool
	// room is how many bytes the peer still takes. Negative: it takes all, and answers a command after
	// the pause.
	room  int
	lasts time.Duration
	every time.Duration // between two calls; 0 for a client that calls before the pause and after it
}

// A pauseOutcome is what the client of a connection met.
type pauseOutcome struct{ calls, errs, conns int }

// A pausedClient calls on one connection, and dials another one when a call has failed.
type pausedClient struct {
	*site
	peerPause
	dial   dialFunc
	room   int // of new connections, negative for any
	wire   *clogged
	client *client // nil if there is none
	pauseOutcome
}

func (p peerPause) run(t *testing.T, ours bool) (o pauseOutcome) {
	t.Helper()
	inBubble(t, func(s *site) {
		const serverAddr, user, password = "127.0.0.7:6380", "service", "a password that stays"
		l, err := s.network.Listen(serverAddr)
		if err != nil {
			t.Fatal(err)
		}
		server, config, err := entratest.TLSConfigs("127.0.0.7")
		if err != nil {
			t.Fatal(err)
		}
		config.ServerName = "127.0.0.7"
		opts := &entratest.GatewayOptions{STS: s.sts, StaticUsers: map[string]string{user: password}}
		if p.secure {
			opts.TLS = server
		}
		gateway := entratest.NewGateway(l, opts)
		defer gateway.Close()
		w := &pausedClient{site: s, peerPause: p, room: -1}
		w.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			conn, err := s.network.DialContext(ctx, network, serverAddr)
			if err != nil {
				return nil, err
			}
			wire := newClogged(conn)
			w.wire, conn = wire, wire
			if p.secure {
				secured := tls.Client(wire, config)
				if err := secured.HandshakeContext(ctx); err != nil {
					return nil, err
				}
				conn = secured
			}
			wire.clog(w.room)
			return conn, nil
		}
		if ours {
			w.dial = entraconn.NewDialer(s.src, nil).DialFunc(w.dial)
		} else {
			below := w.dial
			w.dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := below(ctx, network, addr)
				if err != nil {
					return nil, err
				}
				c := &client{t, conn, bufio.NewReader(conn)}
				_ = c.SetDeadline(time.Now().Add(3 * time.Second))
				if err = func() error { _, err := c.Write(encode("AUTH", user, password)); return err }(); err == nil {
					_, err = c.line()
				}
				if err != nil {
					conn.Close()
				}
				return conn, err
			}
		}
		w.live(gateway, ours)
		o = w.pauseOutcome
	})
	return o
}

// live calls until a minute after the pause.
func (w *pausedClient) live(gateway *entratest.Gateway, ours bool) {
	w.call()
	w.nextToken()
	synctest.Wait() // the AUTH is due, and rides in what is written now
	if w.peerPause.room < 0 {
		fault := gateway.Inject(entratest.WireFault{Delay: w.lasts, Count: 1})
		time.AfterFunc(w.lasts, fault.Remove)
	} else {
		w.room = 0 // the peer takes nothing on a new connection
		w.wire.clog(w.peerPause.room)
	}
	resumeAt := time.Now().Add(w.lasts)
	pause := w.every
	if pause == 0 {
		pause = w.lasts
	}
	for isFirst := true; time.Now().Before(resumeAt); isFirst = false {
		if !isFirst || w.every > 0 {
			w.call()
		}
		w.rest(min(pause, max(0, time.Until(resumeAt))))
	}
	if ours && w.every == 0 && w.peerPause.room >= 0 && !w.wire.isBlocked() {
		w.t.Error("no AUTH met the pause")
	}
	w.room = -1
	w.wire.clog(-1)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		w.rest(max(w.every, 20*time.Second))
		w.call()
	}
	if w.client != nil {
		w.client.Close()
	}
	synctest.Wait()
}

// call sends a command and reads its reply, within 3 seconds.
func (w *pausedClient) call() {
	err := func() error {
		if w.client == nil {
			ctx, cancel := context.WithTimeout(w.t.Context(), 3*time.Second)
			defer cancel()
			w.conns++
			conn, err := w.dial(ctx, "tcp", addr)
			if err != nil {
				return err
			}
			w.client = &client{w.t, conn, bufio.NewReader(conn)}
		}
		_ = w.client.SetDeadline(time.Now().Add(3 * time.Second))
		if err := w.client.send("PING"); err != nil {
			return err
		}
		line, err := w.client.line()
		if err == nil && line != "+PONG" {
			err = fmt.Errorf("read %q", line)
		}
		return err
	}()
	w.calls++
	if err != nil {
		w.errs++
		if w.client != nil {
			w.client.Close()
			w.client = nil
		}
	}
}

// A server that pauses for most of a minute costs a client nothing that it would not cost it with a
// password: neither a connection nor a call.
func TestPausesOfThePeerCostNoMoreThanWithAPassword(t *testing.T) {
	for _, secure := range []bool{false, true} {
		for _, every := range []time.Duration{0, time.Second} {
			rooms := []int{-1, 0, 1, 20, 700}
			if every > 0 {
				rooms = []int{-1, 0} // where some bytes fit, they are fewer commands beside an AUTH
			}
			for _, room := range rooms {
				p := peerPause{secure: secure, room: room, lasts: 50 * time.Second, every: every}
				t.Run(fmt.Sprintf("TLS %v, a call every %v, after %d bytes", secure, every, room), p.costsNoMoreThanWithAPassword)
			}
		}
	}
}

func (p peerPause) costsNoMoreThanWithAPassword(t *testing.T) {
	plain, ours := p.run(t, false), p.run(t, true)
	t.Logf("plain %+v, ours %+v", plain, ours)
	if ours.errs > plain.errs || ours.conns > plain.conns {
		t.Errorf("%d errors and %d connections, with a password %d and %d", ours.errs, ours.conns, plain.errs, plain.conns)
	}
	if p.every == 0 && ours.errs > 0 {
		t.Errorf("%d errors of a client that is idle", ours.errs)
	}
}

// Nor does one that is silent for much longer, as long as the token is valid.
func TestLongSilencesOfThePeerCostNoMoreThanWithAPassword(t *testing.T) {
	for _, secure := range []bool{false, true} {
		for _, lasts := range []time.Duration{61 * time.Second, 5 * time.Minute, 14 * time.Minute} {
			for _, every := range []time.Duration{0, time.Second} {
				p := peerPause{secure: secure, room: -1, lasts: lasts, every: every}
				t.Run(fmt.Sprintf("TLS %v, for %v, a call every %v", secure, lasts, every), p.costsNoMoreThanWithAPassword)
			}
		}
	}
}
