package entratest

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/tidwall/redcon"
)

// A session is one client's connection and the backend's connection that belongs to it. Two goroutines serve it:
// run takes commands up, replies takes what comes back down.
type session struct {
	gateway *Gateway
	arrival arrival
	client  net.Conn
	killed  chan struct{} // closed by kill

	mu      sync.Mutex
	backend net.Conn
	dead    bool
}

// kill ends the session at once; both its goroutines notice. It reports whether the session was alive.
func (s *session) kill() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		return false
	}
	s.dead = true
	close(s.killed)
	reset(s.client)
	if s.backend != nil {
		reset(s.backend)
	}
	return true
}

// turnAway sends one error and closes the connection.
func (s *session) turnAway(line string) {
	defer s.client.Close()
	if _, err := s.client.Write(redcon.AppendError(nil, line)); err != nil {
		return
	}
	// A TCP socket that is closed with unread bytes in it takes back what it has sent. So wait for the client to
	// close first, but not for ever.
	half, ok := s.client.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || s.client.SetReadDeadline(time.Now().Add(time.Second)) != nil {
		return
	}
	_, _ = io.Copy(io.Discard, s.client)
}

// open connects the session to the backend as a guest, who may do nothing.
func (s *session) open(ctx context.Context) (backend net.Conn, guest user, err error) {
	c, guest, err := s.gateway.tokens.connect(ctx, s.arrival.proxy)
	if err != nil {
		return nil, user{}, err
	}
	s.mu.Lock()
	if s.dead {
		s.mu.Unlock()
		_ = c.Close()
		return nil, user{}, net.ErrClosed
	}
	s.backend = c
	s.mu.Unlock()
	if _, err := c.Write(appendCommand(nil, "AUTH", guest.name, guest.password)); err != nil {
		return nil, user{}, err
	}
	var ok [5]byte
	if _, err := io.ReadFull(c, ok[:]); err != nil {
		return nil, user{}, err
	}
	if string(ok[:]) != "+OK\r\n" {
		return nil, user{}, errors.New("entratest: the backend does not know the user that it was given")
	}
	return c, guest, nil
}

// run serves the session until either side ends it.
func (s *session) run() {
	backend, guest, err := s.open(s.gateway.ctx)
	if err != nil {
		s.turnAway("ERR entratest: no backend: " + err.Error())
		s.kill()
		return
	}
	down := make(chan struct{})
	go func() {
		defer close(down)
		s.replies(backend)
	}()
	if err := s.commands(backend, &rewriter{gateway: s.gateway, arrival: s.arrival, guest: guest}); err != nil {
		s.kill()
	} else if half, ok := backend.(interface{ CloseWrite() error }); ok {
		// The client has said its last. Redis reads to the end of that before it goes, and so does the backend,
		// if it is not cut off.
		_ = half.CloseWrite()
	} else {
		_ = backend.Close()
	}
	<-down
	s.kill() // closed both already, unless nothing was wrong
}

// commands passes on what the client sends until it closes, which is no error.
func (s *session) commands(backend net.Conn, rewriter *rewriter) error {
	var out []byte
	send := func() error {
		_, err := backend.Write(out)
		out = out[:0]
		return err
	}
	r := redcon.NewReader(s.client)
	for {
		batch, err := r.ReadCommands()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return s.complain(err)
		}
		s.gateway.count(func(st *GatewayStats) { st.Commands += len(batch) })
		for i, cmd := range batch {
			rewriter.behind = i > 0
			for _, p := range s.pauses(cmd, rewriter.loggedIn) {
				if err := send(); err != nil {
					return err
				}
				s.wait(p)
			}
			out = rewriter.rewrite(out, cmd)
		}
		if err := send(); err != nil {
			return err
		}
	}
}

// complain answers bytes that are not a command with Redis's error, but before replies that are
// under way, because the connection ends here. It answers nothing if the connection is broken.
func (s *session) complain(err error) error {
	var oe *net.OpError
	if errors.As(err, &oe) {
		return err
	}
	_, werr := s.client.Write(redcon.AppendError(nil, "ERR "+err.Error()))
	return werr
}

// A pause is what a fault makes of a command that it holds up.
type pause struct {
	length  time.Duration
	removed <-chan struct{} // for one without a length: until the fault is removed
}

// pauses returns how faults hold up a command.
func (s *session) pauses(cmd redcon.Command, loggedIn bool) []pause {
	var all []pause
	if _, h := s.gateway.strike(s.arrival, func(f WireFault) bool { return f.Silent }); h != nil {
		all = append(all, pause{removed: h.gone})
	}
	if name, isAuth := authUser(cmd); isAuth {
		f, h := s.gateway.strike(s.arrival, func(f WireFault) bool {
			return (f.SilentAuth || f.LateAuth > 0) && f.choosesAuth(name, loggedIn)
		})
		switch {
		case h == nil:
		case f.SilentAuth:
			all = append(all, pause{removed: h.gone})
		default:
			all = append(all, pause{length: f.LateAuth})
		}
	}
	if f, h := s.gateway.strike(s.arrival, func(f WireFault) bool { return f.Delay > 0 }); h != nil {
		all = append(all, pause{length: f.Delay})
	}
	return all
}

// wait waits until a pause is over, or the session has ended.
func (s *session) wait(p pause) {
	var over <-chan time.Time
	if p.length > 0 {
		timer := time.NewTimer(p.length)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
	case <-p.removed:
	case <-s.killed:
	}
}

// replies passes on what the backend sends until it closes, and then closes the client's connection.
func (s *session) replies(backend net.Conn) {
	defer s.client.Close()
	buf := make([]byte, 16<<10)
	left := 0 // bytes until the cut; 0 if there is none
	for {
		n, err := backend.Read(buf)
		b := buf[:n]
		if n > 0 {
			if f, h := s.gateway.strike(s.arrival, func(f WireFault) bool { return len(f.Garbage) > 0 }); h != nil {
				b = append(append([]byte(nil), f.Garbage...), b...)
			}
			if left == 0 {
				if f, h := s.gateway.strike(s.arrival, func(f WireFault) bool { return f.CutAfter > 0 }); h != nil {
					left = f.CutAfter
				}
			}
		}
		cut := left > 0 && len(b) >= left
		if cut {
			b = b[:left]
		}
		if _, werr := s.client.Write(b); werr != nil || err != nil || cut {
			return
		}
		if left > 0 {
			left -= len(b)
		}
	}
}
