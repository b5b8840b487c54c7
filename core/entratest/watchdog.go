package entratest

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// A Watchdog measures starvation: how long, in all, a busy machine has kept this program, or the server that its
// commands go to, from running. A test in real time gives [Watchdog.Starved] to [STSOptions], so that no token expires
// because the program could not use it. It has no place in a bubble of testing/synctest, whose clock waits for the
// program.
//
// Every 20 ms it sends a PING through all that can starve: a goroutine, a TLS connection over loopback, and the
// backend. A tick that takes longer than 25 ms is late, and its lateness is starvation. A tick that is still
// unanswered counts too, so Starved grows while the program stands still.
type Watchdog struct {
	conn    net.Conn // to the relay, with TLS
	replies *bufio.Reader
	relay   *watchdogRelay

	closing sync.Once
	stop    chan struct{}
	done    chan struct{} // closed when the measuring goroutine has ended

	mu      sync.Mutex
	starved time.Duration
	began   time.Time // the tick under way; zero when the measuring has ended
	err     error     // that ended it
}

const (
	watchdogRest = 20 * time.Millisecond
	// watchdogTick is the rest and what a round trip may take on an idle machine.
	watchdogTick = watchdogRest + 5*time.Millisecond
)

// NewWatchdog starts to measure. Its PINGs go to backend, which must stay open until Close.
func NewWatchdog(backend Backend) (*Watchdog, error) {
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	up, err := backend.attach(ctx)
	if err != nil {
		return nil, err
	}
	relay, config, err := newWatchdogRelay(up)
	if err != nil {
		return nil, errors.Join(err, up.close())
	}
	dialer := &tls.Dialer{NetDialer: &net.Dialer{Timeout: adminTimeout}, Config: config} // includes the handshake
	conn, err := dialer.Dial("tcp", relay.listener.Addr().String())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("entratest: %w", err), relay.close())
	}
	w := &Watchdog{
		conn: conn, replies: bufio.NewReader(conn), relay: relay,
		stop: make(chan struct{}), done: make(chan struct{}), began: time.Now(),
	}
	go w.run()
	return w, nil
}

// Starved returns for how long in all the program has been kept from running since NewWatchdog. It never goes back.
func (w *Watchdog) Starved() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.starvedLocked(time.Now())
}

// starvedLocked is Starved at a given time. It needs mu.
func (w *Watchdog) starvedLocked(now time.Time) time.Duration {
	if w.began.IsZero() {
		return w.starved
	}
	return w.starved + max(0, now.Sub(w.began)-watchdogTick)
}

// Close stops measuring, and waits for the goroutines. It returns the error that ended the measuring early, if any.
// Calling it again does nothing.
func (w *Watchdog) Close() error {
	var err error
	w.closing.Do(func() {
		close(w.stop)
		_ = w.conn.Close() // ends a round trip under way
		<-w.done
		w.mu.Lock()
		err = w.err
		w.mu.Unlock()
		err = errors.Join(err, w.relay.close())
	})
	return err
}

func (w *Watchdog) run() {
	defer close(w.done)
	timer := time.NewTimer(watchdogRest)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-w.stop:
			return
		}
		err := w.ping()
		w.tick(err)
		if err != nil {
			return
		}
		timer.Reset(watchdogRest)
	}
}

func (w *Watchdog) ping() error {
	if _, err := w.conn.Write(appendCommand(nil, "PING")); err != nil {
		return err
	}
	_, err := w.replies.ReadSlice('\n') // an error reply is a round trip as well
	return err
}

// tick ends a tick and begins the next.
func (w *Watchdog) tick(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now() // not before the lock: Starved may have counted up to later than that
	w.starved = w.starvedLocked(now)
	w.began = now
	if err == nil {
		return
	}
	w.began = time.Time{}
	select {
	case <-w.stop: // Close has ended the round trip
	default:
		w.err = fmt.Errorf("entratest: the watchdog's PING: %w", err)
	}
}

// A watchdogRelay is a TLS server that passes the bytes of one connection on to the backend, and back.
type watchdogRelay struct {
	listener net.Listener
	up       upstream
	work     sync.WaitGroup
}

func newWatchdogRelay(up upstream) (*watchdogRelay, *tls.Config, error) {
	server, client, err := TLSConfigs("127.0.0.1")
	if err != nil {
		return nil, nil, err
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		return nil, nil, fmt.Errorf("entratest: %w", err)
	}
	r := &watchdogRelay{listener: listener, up: up}
	r.work.Go(r.serve)
	return r, client, nil
}

// serve serves one connection until either side ends it.
func (r *watchdogRelay) serve() {
	client, err := r.listener.Accept()
	if err != nil {
		return // closed before the Watchdog came
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	backend, err := r.up.dial(ctx, identity{})
	if err != nil {
		return // the Watchdog's first PING ends with the connection
	}
	r.work.Go(func() {
		defer backend.Close()
		_, _ = io.Copy(backend, client) // ends with the Watchdog's connection
	})
	_, _ = io.Copy(client, backend) // ends with the backend's
}

func (r *watchdogRelay) close() error {
	err := r.listener.Close()
	r.work.Wait()
	return errors.Join(err, r.up.close())
}
