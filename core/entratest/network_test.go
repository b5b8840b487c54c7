package entratest_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/nettest"

	"github.com/entraredis/entraredis/core/entratest"
)

// connected returns both ends of a connection. Everything is closed with the test.
func connected(t *testing.T, n *entratest.Network) (client, server net.Conn) {
	t.Helper()
	l, err := n.Listen("redis.test:6380")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	client, err = n.DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = client.Close(), server.Close() })
	return client, server
}

func wantOpError(t *testing.T, err error, op string, cause error) {
	t.Helper()
	var oe *net.OpError
	if !errors.As(err, &oe) || oe.Op != op || !errors.Is(err, cause) {
		t.Errorf("err = %#v, want a net.OpError of %s around %v", err, op, cause)
	}
}

func TestNetworkConnectionsBehaveAsNetConnShould(t *testing.T) {
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		client, server := connected(t, entratest.NewNetwork())
		return client, server, func() { _, _ = client.Close(), server.Close() }, nil
	})
}

func TestNetworkDialErrors(t *testing.T) {
	n := entratest.NewNetwork()
	_, err := n.DialContext(t.Context(), "tcp", "redis.test:6380")
	wantOpError(t, err, "dial", syscall.ECONNREFUSED)
	_, err = n.DialContext(t.Context(), "unix", "redis.test:6380")
	if err == nil {
		t.Error("dialed a unix socket")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = n.DialContext(ctx, "tcp", "redis.test:6380")
	wantOpError(t, err, "dial", context.Canceled)
}

func TestNetworkDialWaitsForAFullBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := entratest.NewNetwork()
		l, err := n.Listen("redis.test:6380")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var waiting []net.Conn
		for {
			c, err := n.DialContext(ctx, "tcp", "redis.test:6380")
			if err != nil {
				wantOpError(t, err, "dial", context.DeadlineExceeded)
				if ne := net.Error(nil); !errors.As(err, &ne) || !ne.Timeout() {
					t.Errorf("not a timeout: %v", err)
				}
				break
			}
			waiting = append(waiting, c)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		for _, c := range waiting {
			_, err := c.Read(make([]byte, 1))
			wantOpError(t, err, "read", syscall.ECONNRESET)
			_ = c.Close()
		}
		_, err = n.DialContext(t.Context(), "tcp", "redis.test:6380")
		wantOpError(t, err, "dial", syscall.ECONNREFUSED)
		_, err = l.Accept()
		wantOpError(t, err, "accept", net.ErrClosed)
	})
}

func TestNetworkListensOncePerAddress(t *testing.T) {
	n := entratest.NewNetwork()
	l, err := n.Listen("redis.test:0")
	if err != nil {
		t.Fatal(err)
	}
	_, err = n.Listen(l.Addr().String())
	wantOpError(t, err, "listen", syscall.EADDRINUSE)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err = n.Listen(l.Addr().String()); err != nil {
		t.Error(err)
	}
}

func TestNetworkCanBeDialedByTheAddressThatConnectionsShow(t *testing.T) {
	n := entratest.NewNetwork()
	client, server := connected(t, n)
	again, err := n.DialContext(t.Context(), "tcp", client.RemoteAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = again.Close()
	if client.LocalAddr().String() != server.RemoteAddr().String() {
		t.Errorf("%v is not %v", client.LocalAddr(), server.RemoteAddr())
	}
}

func TestNetworkDeliversWhatWasWrittenBeforeClose(t *testing.T) {
	client, server := connected(t, entratest.NewNetwork())
	if _, err := server.Write([]byte("last words")); err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(client); string(b) != "last words" || err != nil {
		t.Errorf("read %q, %v", b, err)
	}
	_, err := client.Write([]byte("x"))
	wantOpError(t, err, "write", syscall.EPIPE)
	wantOpError(t, server.Close(), "close", net.ErrClosed)
}

func TestNetworkResetLosesEverything(t *testing.T) {
	client, server := connected(t, entratest.NewNetwork())
	if _, err := server.Write([]byte("lost")); err != nil {
		t.Fatal(err)
	}
	if err := server.(interface{ SetLinger(int) error }).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	_ = server.Close()
	_, err := client.Read(make([]byte, 10))
	wantOpError(t, err, "read", syscall.ECONNRESET)
	_, err = client.Write([]byte("x"))
	wantOpError(t, err, "write", syscall.ECONNRESET)
}

func TestNetworkWriterWaitsForItsReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := connected(t, entratest.NewNetwork())
		if err := client.SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		n, err := client.Write(make([]byte, 1<<20))
		wantOpError(t, err, "write", os.ErrDeadlineExceeded)
		if n != 64<<10 || time.Since(start) != time.Minute {
			t.Errorf("wrote %d bytes in %v", n, time.Since(start))
		}
		if err := client.SetWriteDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		go func() {
			_, _ = client.Write(make([]byte, 1<<20))
			_ = client.Close()
		}()
		if b, err := io.ReadAll(server); len(b) != 64<<10+1<<20 || err != nil {
			t.Errorf("read %d bytes, %v", len(b), err)
		}
	})
}

func TestNetworkReadWithAPastDeadlineReturnsNothing(t *testing.T) {
	client, server := connected(t, entratest.NewNetwork())
	if _, err := server.Write([]byte("there")); err != nil {
		t.Fatal(err)
	}
	if err := client.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	n, err := client.Read(make([]byte, 10))
	wantOpError(t, err, "read", os.ErrDeadlineExceeded)
	if n != 0 {
		t.Errorf("read %d bytes", n)
	}
}

func TestNetworkCarriesTLSInsideABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		serverConfig, clientConfig, err := entratest.TLSConfigs("redis.test")
		if err != nil {
			t.Fatal(err)
		}
		client, server := connected(t, entratest.NewNetwork())
		clientConfig.ServerName = "redis.test"
		go func() {
			s := tls.Server(server, serverConfig)
			_, _ = io.Copy(s, io.LimitReader(s, 4))
			_ = s.Close()
		}()
		c := tls.Client(client, clientConfig)
		if _, err := c.Write([]byte("ping")); err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(c); string(b) != "ping" || err != nil {
			t.Errorf("read %q, %v", b, err)
		}
		other := clientConfig.Clone()
		other.ServerName = "other.test"
		if err := tls.Client(c, other).Handshake(); err == nil {
			t.Error("a certificate for another name was accepted")
		}
		_ = c.Close()
	})
}
