package entraconn_test

import (
	"bytes"
	"io"
	"math"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// A peer is the server's end of a connection. The test says what it answers.
type peer struct {
	t      *testing.T
	client net.Conn // the other end
	server net.Conn

	mu       sync.Mutex
	received []byte
}

// newPeers returns n connections to one server. It runs in a bubble.
func newPeers(t *testing.T, n int) (all []*peer) {
	const serverAddr = "127.0.0.4:6379"
	network := entratest.NewNetwork()
	l, err := network.Listen(serverAddr)
	if err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	for range n {
		p := &peer{t: t}
		if p.client, err = network.DialContext(t.Context(), "tcp", serverAddr); err != nil {
			t.Fatal(err)
		}
		if p.server, err = l.Accept(); err != nil {
			t.Fatal(err)
		}
		reading.Go(func() { _, _ = io.Copy(p, p.server) })
		all = append(all, p)
	}
	t.Cleanup(func() {
		for _, p := range all {
			p.server.Close()
		}
		l.Close()
		reading.Wait()
	})
	return all
}

// Write takes what the server has read.
func (p *peer) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.received = append(p.received, b...)
	return len(b), nil
}

// heard returns all that the server has received so far.
func (p *peer) heard() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Clone(p.received)
}

// says writes to the client, and returns when all goroutines have done what follows from that.
func (p *peer) says(words string) {
	if _, err := io.WriteString(p.server, words); err != nil {
		p.t.Error(err)
	}
	synctest.Wait()
}

// slice returns how long the server was asked to block by the last BLPOP k.
func (p *peer) slice() time.Duration {
	p.t.Helper()
	synctest.Wait()
	heard := string(p.heard())
	args := strings.Split(heard[max(0, strings.LastIndex(heard, "BLPOP\r\n")):], "\r\n") // BLPOP, $1, k, $n, timeout
	if len(args) < 5 {
		p.t.Fatalf("the server heard no BLPOP: %q", heard)
	}
	seconds, err := strconv.ParseFloat(args[4], 64)
	if err != nil {
		p.t.Fatal(err)
	}
	return time.Duration(math.Round(seconds*1000)) * time.Millisecond
}

// slices returns how often the server was asked to block.
func (p *peer) slices() int { return bytes.Count(p.heard(), []byte("BLPOP")) }
