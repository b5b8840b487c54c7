package entratest_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// A pausable is a server that answers every line with +PONG, unless it is paused.
type pausable struct {
	addr  string
	asked chan struct{} // a line arrived while it was paused

	mu sync.Mutex // held while it is paused

	connsMu sync.Mutex
	conns   []net.Conn
}

func newPausable(t *testing.T) *pausable {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &pausable{addr: listener.Addr().String(), asked: make(chan struct{}, 1)}
	var work sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); p.drop(); work.Wait() })
	work.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			p.connsMu.Lock()
			p.conns = append(p.conns, conn)
			p.connsMu.Unlock()
			work.Go(func() { p.serve(conn) })
		}
	})
	return p
}

func (p *pausable) serve(conn net.Conn) {
	defer conn.Close()
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		if lines.Text() != "PING" {
			continue // of *1, $4, PING
		}
		if !p.mu.TryLock() {
			select {
			case p.asked <- struct{}{}:
			default:
			}
			p.mu.Lock()
		}
		p.mu.Unlock()
		if _, err := io.WriteString(conn, "+PONG\r\n"); err != nil {
			return
		}
	}
}

// drop closes all connections.
func (p *pausable) drop() {
	p.connsMu.Lock()
	defer p.connsMu.Unlock()
	for _, conn := range p.conns {
		_ = conn.Close()
	}
}

// pause returns when a PING is waiting for its answer.
func (p *pausable) pause() {
	p.mu.Lock()
	<-p.asked
}

func watch(t *testing.T, p *pausable) *entratest.Watchdog {
	t.Helper()
	watchdog, err := entratest.NewWatchdog(entratest.RedisAt(p.addr, nil))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := watchdog.Close(); err != nil {
			t.Error(err)
		}
	})
	return watchdog
}

// starve waits until the watchdog has seen d more of starvation.
func starve(t *testing.T, watchdog *entratest.Watchdog, d time.Duration) {
	t.Helper()
	for before := watchdog.Starved(); watchdog.Starved() < before+d; {
		<-time.After(time.Millisecond)
	}
}

func TestNoTokenExpiresWhileTheProgramStarves(t *testing.T) {
	const life = 100 * time.Millisecond
	server := newPausable(t)
	watchdog := watch(t, server)
	sts := entratest.NewSTS(&entratest.STSOptions{Lifetime: life, Starved: watchdog.Starved})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gateway := entratest.NewGateway(listener, &entratest.GatewayOptions{STS: sts})
	defer gateway.Close()
	starve(t, watchdog, 0) // before the token: it does not count for it

	server.pause()
	token, err := sts.Credential().GetToken(t.Context(), redisScope)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", gateway.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, cmd("AUTH", entratest.ObjectID, token.Token)+cmd("PING")); err != nil {
		t.Fatal(err)
	}
	starve(t, watchdog, 5*life)
	if _, err := sts.Verify(token.Token); err != nil {
		t.Errorf("a token of %v, after %v of starvation: %v", life, 5*life, err)
	}
	replies := bufio.NewReader(conn)
	for _, want := range []string{"+OK\r\n", "+PONG\r\n"} {
		if got, err := replies.ReadString('\n'); got != want {
			t.Errorf("read %q, %v, want %q", got, err, want)
		}
	}
	if n := gateway.Stats().Expired; n != 0 {
		t.Errorf("%d connections expired while the program starved", n)
	}

	server.mu.Unlock()
	if got, err := replies.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("after the token's life: read %q, %v, want the end", got, err)
	}
	if _, err := sts.Verify(token.Token); !errors.Is(err, entratest.ErrExpired) {
		t.Errorf("after the token's life: %v", err)
	}
	if n := gateway.Stats().Expired; n != 1 {
		t.Errorf("%d connections expired, want 1", n)
	}
}

// A Watchdog whose backend is gone measures nothing any more, and says so.
func TestWatchdogReportsTheEndOfItsBackend(t *testing.T) {
	server := newPausable(t)
	watchdog, err := entratest.NewWatchdog(entratest.RedisAt(server.addr, nil))
	if err != nil {
		t.Fatal(err)
	}
	server.pause()
	server.drop()
	server.mu.Unlock()
	// Unanswered PINGs make Starved grow, so it stands still only when the measuring has ended.
	for before := time.Duration(-1); before != watchdog.Starved(); {
		before = watchdog.Starved()
		<-time.After(50 * time.Millisecond)
	}
	if err := watchdog.Close(); err == nil {
		t.Error("Close says nothing of the backend's end")
	}
}
