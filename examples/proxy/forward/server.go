package forward

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Options configure a [Server]. The zero value, or nil, suffices.
type Options struct {
	// Logger gets one line for the first client that sends AUTH or no commands, because the next ones
	// would say the same, and one for each Accept that fails. No line holds what a client has sent.
	// nil means no logger. What is wrong with Entra or with the cache is logged by the Source.
	Logger *slog.Logger
}

// A Server forwards the connections of clients to one cache. Its methods are safe for concurrent use.
type Server struct {
	dial     Dial
	logger   *slog.Logger
	ctx      context.Context // of the dials, until the Server cuts the connections off
	cancel   context.CancelFunc
	running  sync.WaitGroup // a link each
	accepted atomic.Uint64
	failed   map[Failure]*atomic.Uint64
	advised  map[Failure]*sync.Once

	mu        sync.Mutex
	draining  bool
	listeners []net.Listener
	open      map[*link]struct{}
}

// NewServer returns a Server that connects to the cache with dial, once for each client that sends a
// command. Each dial must end by itself: its context ends only when [Server.Drain] cuts the connections
// off.
func NewServer(dial Dial, opts *Options) *Server {
	logger := slog.New(slog.DiscardHandler)
	if opts != nil && opts.Logger != nil {
		logger = opts.Logger
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{
		dial: dial, logger: logger, ctx: ctx, cancel: cancel, open: make(map[*link]struct{}),
		failed: make(map[Failure]*atomic.Uint64), advised: make(map[Failure]*sync.Once),
	}
	for _, why := range Failures() {
		s.failed[why], s.advised[why] = new(atomic.Uint64), new(sync.Once)
	}
	return s
}

// Serve serves the clients that connect to l, until Drain, which closes l and makes Serve return nil, or
// until l is closed.
func (s *Server) Serve(l net.Listener) error {
	if !s.register(l) {
		return l.Close()
	}
	for pause := time.Duration(0); ; {
		client, err := l.Accept()
		switch {
		case err == nil:
			pause = 0
			s.serve(client)
			continue
		case s.isDraining():
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		}
		// The process has too many open files, for example. It may have fewer soon.
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		s.logger.Warn("accept failed", "err", err, "retry_in", pause)
		select {
		case <-time.After(pause):
		case <-s.ctx.Done():
		}
	}
}

// Drain stops accepting clients and ends the connections: at once where no command is in flight, else
// when the commands that were read are answered. What is still open when ctx ends, such as a client
// that waits in BLPOP, it cuts off. It returns how many clients did not get all replies for that, when
// all connections have ended; a cache that no longer reads may take 5 seconds more.
func (s *Server) Drain(ctx context.Context) (cut int) {
	for _, l := range s.close() {
		l.drain()
	}
	ended := make(chan struct{})
	go func() {
		s.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		s.cancel()
		for _, l := range s.close() {
			if !l.served.Load() {
				cut++
			}
			go l.cut() // to close a TLS connection may take a while
		}
		<-ended
	}
	s.cancel()
	return cut
}

// Stats are the counts of a [Server] since its start, except Open.
type Stats struct {
	Accepted uint64             // connections of clients
	Open     int                // of them now
	Failed   map[Failure]uint64 // clients that were not served; it has all Failures
}

// Stats returns the counts.
func (s *Server) Stats() Stats {
	stats := Stats{Accepted: s.accepted.Load(), Failed: make(map[Failure]uint64)}
	for why, n := range s.failed {
		stats.Failed[why] = n.Load()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	stats.Open = len(s.open)
	return stats
}

// serve starts to serve a client.
func (s *Server) serve(client net.Conn) {
	l := newLink(client)
	if !s.add(l) {
		_ = client.Close()
		return
	}
	s.accepted.Add(1)
	go func() {
		defer s.remove(l)
		why := l.run(s.ctx, s.dial)
		if why == "" {
			return
		}
		s.failed[why].Add(1)
		if why == ClientLogin || why == NoCommands {
			s.advised[why].Do(func() { s.logger.Warn("client refused, this line comes once", "reason", string(why)) })
		}
	}()
}

// close stops the accepting, and returns the links that are open.
func (s *Server) close() []*link {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	for _, l := range s.listeners {
		_ = l.Close() // again, maybe
	}
	var open []*link
	for l := range s.open {
		open = append(open, l)
	}
	return open
}

// register keeps l for close, and reports false if the Server drains.
func (s *Server) register(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.draining {
		s.listeners = append(s.listeners, l)
	}
	return !s.draining
}

// add counts l as open, and reports false if the Server drains.
func (s *Server) add(l *link) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return false
	}
	s.open[l] = struct{}{}
	s.running.Add(1)
	return true
}

func (s *Server) remove(l *link) {
	s.mu.Lock()
	delete(s.open, l)
	s.mu.Unlock()
	s.running.Done()
}

func (s *Server) isDraining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining
}
