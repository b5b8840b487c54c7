package entraconn_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
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

// A trouble is what a client with a password and one of ours meet in the same way, each in a bubble
// of its own. Callers of the client have a connection each, which was logged in before, and which
// the server resets when the trouble begins. They call in a loop from then on, and dial again when
// they have lost a connection.
type trouble struct {
	callers int
	lasts   time.Duration // how long the callers call
	pause   time.Duration // of a caller after a call, whatever came of it

	isNew       bool          // there was no connection before
	idle        int           // connections that are dialed in advance when the trouble begins, and left silent
	handshake   time.Duration // how long a dial takes
	dialTimeout time.Duration // 0 for 5 s
	callTimeout time.Duration // of the context of a call, 0 for none
	stall       time.Duration // between a dial and the first write, as in a process that gets no processor

	// answer returns the server's answer to the n-th login since the trouble began, counted from 1,
	// so long after that. nil accepts it, and "" stands for none.
	answer    func(n int, at time.Duration) string
	endsAt    time.Duration // when the answer is that of a sound server again
	blackHole bool          // dials are not answered
}

const (
	acceptLogin = "+OK\r\n"
	refuseLogin = "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
)

// roundTrip is how long the server takes to answer.
const roundTrip = time.Millisecond

// An outcome is what callers of one client met.
type outcome struct {
	calls, errs int
	dials       []time.Duration // that reached the network, since the trouble began
	logins      int
	longest     time.Duration // until a dial and the first write on its connection had ended
	idleAfter   time.Duration // when all connections were there that were dialed in advance
	recovered   time.Duration // when each caller had a call that succeeded after the end of the trouble, counted from that
}

func (o outcome) String() string {
	return fmt.Sprintf("%d calls, %d errors, %d dials, %d logins, longest wait %v, idle ones after %v, back after %v",
		o.calls, o.errs, len(o.dials), o.logins, o.longest, o.idleAfter, o.recovered)
}

// dialsIn returns how many dials there were in a span of time.
func (o outcome) dialsIn(from, to time.Duration) (n int) {
	for _, at := range o.dials {
		if at >= from && at < to {
			n++
		}
	}
	return n
}

// twins runs both clients through a trouble.
func (tr trouble) twins(t *testing.T) (plain, ours outcome) {
	t.Helper()
	plain, ours = tr.run(t, false), tr.run(t, true)
	t.Logf("plain: %v", plain)
	t.Logf("ours:  %v", ours)
	return plain, ours
}

// notWorse fails the test if callers of ours are worse off.
func (tr trouble) notWorse(t *testing.T, plain, ours outcome) {
	t.Helper()
	if most := plain.errs*12/10 + tr.callers; ours.errs > most {
		t.Errorf("%d errors, want %d at most", ours.errs, most)
	}
	if least := plain.calls * 95 / 100; ours.calls < least {
		t.Errorf("%d calls, want %d at least", ours.calls, least)
	}
	if most := plain.longest + time.Second; ours.longest > most {
		t.Errorf("a dial and a first write took %v, want %v at most", ours.longest, most)
	}
	if ours.recovered > 5*time.Second {
		t.Errorf("back after %v", ours.recovered)
	}
}

func (tr trouble) run(t *testing.T, ours bool) (o outcome) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server := &troubled{trouble: tr, open: map[net.Conn]bool{}}
		network := entratest.NewNetwork()
		l, err := network.Listen(addr)
		if err != nil {
			t.Fatal(err)
		}
		wait := server.serve(l)
		client := &twin{trouble: tr, server: server, network: network, plain: !ours}
		client.dial = client.dialServer
		if ours {
			src, err := entra.NewSource(entratest.NewSTS(nil).Credential(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			if _, err := src.Token(t.Context()); err != nil {
				t.Fatal(err)
			}
			client.dial = entraconn.NewDialer(src, nil).DialFunc(client.dialServer)
		}
		client.run(t)
		l.Close()
		server.reset()
		wait()
		o = client.outcome
		o.logins = server.logins
	})
	return o
}

// A troubled server answers logins as its trouble says.
type troubled struct {
	trouble

	mu     sync.Mutex
	open   map[net.Conn]bool
	began  time.Time // of the trouble, zero before
	logins int       // since then
}

func (s *troubled) serve(l net.Listener) (wait func()) {
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.open[c] = true
			s.mu.Unlock()
			all.Go(func() {
				s.handle(c)
				s.mu.Lock()
				delete(s.open, c)
				s.mu.Unlock()
				c.Close()
			})
		}
	})
	return all.Wait
}

func (s *troubled) handle(c net.Conn) {
	rd := redcon.NewReader(c)
	loggedIn := false
	for {
		cmd, err := rd.ReadCommand()
		if err != nil {
			return
		}
		time.Sleep(roundTrip)
		answer := "-NOAUTH Authentication required.\r\n"
		switch {
		case strings.EqualFold(string(cmd.Args[0]), "AUTH"):
			answer = s.judge()
			if loggedIn = loggedIn || answer == acceptLogin; answer == "" {
				_, _ = io.Copy(io.Discard, c)
				return
			}
		case loggedIn:
			answer = "+PONG\r\n"
		}
		if _, err := io.WriteString(c, answer); err != nil {
			return
		}
	}
}

// judge returns the answer to a login.
func (s *troubled) judge() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.began.IsZero() {
		return acceptLogin
	}
	s.logins++
	at := time.Since(s.began)
	if s.answer == nil || s.endsAt > 0 && at >= s.endsAt {
		return acceptLogin
	}
	return s.answer(s.logins, at)
}

// begin begins the trouble.
func (s *troubled) begin() {
	s.mu.Lock()
	s.began = time.Now()
	s.mu.Unlock()
	s.reset()
}

// reset closes all connections.
func (s *troubled) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		c.Close()
	}
}

// A twin is a client with a password, or one of ours.
type twin struct {
	trouble
	server  *troubled
	network *entratest.Network
	plain   bool
	dial    dialFunc

	mu sync.Mutex
	outcome
}

// dialServer is the dial function of both clients.
func (w *twin) dialServer(ctx context.Context, network, addr string) (net.Conn, error) {
	w.server.mu.Lock()
	began := w.server.began
	w.server.mu.Unlock()
	if !began.IsZero() {
		w.mu.Lock()
		w.dials = append(w.dials, time.Since(began))
		w.mu.Unlock()
	}
	handshake := time.After(w.handshake)
	if w.blackHole && !began.IsZero() {
		handshake = nil
	}
	select {
	case <-handshake:
		return w.network.DialContext(ctx, network, addr)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *twin) run(t *testing.T) {
	callers := make([]*twinCaller, w.callers)
	for i := range callers {
		callers[i] = &twinCaller{twin: w}
		if w.isNew {
			continue
		}
		if err := callers[i].call(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Wait()
	w.outcome = outcome{}
	w.server.begin()
	synctest.Wait() // until the connections have ended
	began := time.Now()
	var all sync.WaitGroup
	for range w.idle {
		all.Go(func() {
			if c, err := w.connect(t.Context()); err == nil {
				w.mu.Lock()
				w.idleAfter = max(w.idleAfter, time.Since(began))
				w.mu.Unlock()
				all.Go(func() { _, _ = c.Read(make([]byte, 1)) }) // until the server resets it
				time.AfterFunc(w.lasts, func() { c.Close() })
			}
		})
	}
	for _, c := range callers {
		all.Go(func() { c.loop(t.Context(), began) })
	}
	all.Wait()
}

// connect dials with the timeout of the client.
func (w *twin) connect(ctx context.Context) (net.Conn, error) {
	timeout := w.dialTimeout
	if timeout == 0 {
		timeout = 5 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return w.dial(ctx, "tcp", addr)
}

// A twinCaller calls in a loop.
type twinCaller struct {
	*twin
	conn net.Conn // nil if it was lost
	r    *bufio.Reader
}

func (c *twinCaller) loop(ctx context.Context, began time.Time) {
	isBack := false
	for time.Since(began) < c.lasts {
		err := func() error {
			ctx := ctx
			if c.callTimeout > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, c.callTimeout)
				defer cancel()
			}
			return c.call(ctx)
		}()
		at := time.Since(began)
		c.mu.Lock()
		if err != nil {
			c.errs++
		} else {
			c.calls++
		}
		if err == nil && !isBack && at >= c.endsAt {
			isBack = true
			c.recovered = max(c.recovered, at-c.endsAt)
		}
		c.mu.Unlock()
		time.Sleep(c.pause)
	}
	c.mu.Lock()
	if !isBack {
		c.recovered = max(c.recovered, time.Hour)
	}
	c.mu.Unlock()
	c.lose()
}

func (c *twinCaller) lose() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// call sends a command and reads its reply, on a new connection if it has none or finds that the
// one that it has was lost before anything was sent.
func (c *twinCaller) call(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			c.lose()
		}
	}()
	if c.conn != nil { // clients look whether an idle connection has ended
		_ = c.conn.SetReadDeadline(time.Now().Add(time.Nanosecond))
		if _, err := c.r.ReadByte(); !errors.Is(err, os.ErrDeadlineExceeded) {
			c.lose()
		}
	}
	command, replies := encode("PING"), 1
	began, isFirst := time.Now(), c.conn == nil
	if isFirst {
		if c.conn, err = c.connect(ctx); err != nil {
			c.tookSince(began)
			return err
		}
		c.r = bufio.NewReader(c.conn)
		if c.plain {
			command, replies = append(encode("AUTH", "default", "password"), command...), 2
		}
	}
	if isFirst {
		time.Sleep(c.stall)
	}
	deadline := time.Now().Add(3 * time.Second)
	if end, ok := ctx.Deadline(); ok && end.Before(deadline) {
		deadline = end
	}
	_ = c.conn.SetDeadline(deadline)
	_, err = c.conn.Write(command)
	if isFirst {
		c.tookSince(began)
	}
	for range replies {
		if err != nil {
			return err
		}
		var line string
		if line, err = c.r.ReadString('\n'); err == nil && strings.HasPrefix(line, "-") {
			err = errors.New(line)
		}
	}
	return err
}

// tookSince records how long a dial and a first write took.
func (c *twinCaller) tookSince(began time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.longest = max(c.longest, time.Since(began))
}
