package forward_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/examples/proxy/forward"
)

// pair returns both ends of what a server forwards: what the client has, and what the cache has after it has read PING.
func pair(t *testing.T) (client, cache net.Conn) {
	t.Helper()
	network := entratest.NewNetwork()
	clients, err := network.Listen(clientAddr)
	if err != nil {
		t.Fatal(err)
	}
	caches, err := network.Listen(cacheAddr)
	if err != nil {
		t.Fatal(err)
	}
	server := forward.NewServer(func(ctx context.Context, _ func(net.Conn) net.Conn) (net.Conn, error) {
		return network.DialContext(ctx, "tcp", cacheAddr)
	}, nil)
	go func() { _ = server.Serve(clients) }()
	if client, err = network.DialContext(t.Context(), "tcp", clientAddr); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(client, encode("PING")); err != nil {
		t.Fatal(err)
	}
	if cache, err = caches.Accept(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(cache, make([]byte, len(encode("PING")))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		cache.Close()
		caches.Close()
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		server.Drain(ended)
	})
	return client, cache
}

// A flood is written by one end until it is told to stop.
type flood struct {
	text    string
	written chan int
}

// pour writes text to conn, and says how much of it was written when that has ended.
func pour(conn net.Conn, text string) *flood {
	f := &flood{text, make(chan int, 1)}
	go func() {
		n, _ := io.WriteString(conn, text)
		f.written <- n
	}()
	return f
}

// waits reports that the writer waits for a reader, although time passes, and that little is on the way.
func (f *flood) waits(t *testing.T, conn net.Conn) {
	t.Helper()
	time.Sleep(24 * time.Hour)
	synctest.Wait()
	if err := conn.SetWriteDeadline(time.Unix(1, 0)); err != nil { // to learn how much was written
		t.Fatal(err)
	}
	n := <-f.written
	if err := conn.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	const network = 2 * 64 << 10 // what the network keeps, on both of its ways
	if most := network + 16<<10; n > most || n < network {
		t.Errorf("%d bytes are on their way to one who does not read, want %d to %d", n, network, most)
	}
	f.text = f.text[:n]
}

// arrives reads what was written.
func (f *flood) arrives(t *testing.T, conn net.Conn) {
	t.Helper()
	got := make([]byte, len(f.text))
	if n, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, []byte(f.text)) {
		t.Errorf("%d of %d bytes, %v, the same: %v", n, len(got), err, string(got[:n]) == f.text[:n])
	}
}

// A client that does not read holds up the cache, for as long as it likes, and what it sends goes on. A cache that does
// not read holds up the client, and what it sends goes on.
func TestEachDirectionWaitsForItsReaderAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, cache := pair(t)
		replies := pour(cache, strings.Repeat("+a reply\r\n", 100_000))
		replies.waits(t, cache)
		for range 1000 { // the other direction is free
			command := encode("SET", "k", strings.Repeat("v", 1000))
			pour(client, command).arrives(t, cache)
		}
		replies.arrives(t, client)

		commands := pour(client, encode("SET", "k", strings.Repeat("v", 1_000_000)))
		commands.waits(t, client)
		for range 1000 {
			pour(cache, strings.Repeat("+a reply\r\n", 100)).arrives(t, client)
		}
		commands.arrives(t, cache)
	})
}
