package plaintext_test

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/entraredis/entraredis/internal/plaintext"
)

func TestLocalAddresses(t *testing.T) {
	for addr, want := range map[string]bool{
		":6379": true, "localhost:6379": true, "LOCALHOST.:6379": true, "127.0.0.1:6379": true, "127.9.9.9:1": true, "[::1]:6379": true,
		"[::1%lo]:6379": true, "[::ffff:127.0.0.1]:6379": true, "/run/redis.sock": true,
		"cache.test:6379": false, "localhost.cache.test:6379": false, "cache.localhost.:6379": false, "10.0.0.4:6379": false,
		"[::ffff:10.0.0.4]:6379": false, "[fe80::1%eth0]:6379": false, "0.0.0.0:6379": false, "127.1:6379": false, "localhost": false, "": false,
	} {
		if got := plaintext.IsLocal("tcp", addr); got != want {
			t.Errorf("%q: %t, want %t", addr, got, want)
		}
	}
	if !plaintext.IsLocal("unix", "redis.sock") {
		t.Error("a unix socket is not local")
	}
}

type fake struct {
	net.Conn
	remote net.Addr
}

func (f fake) RemoteAddr() net.Addr { return f.remote }

func TestSafeConnections(t *testing.T) {
	away := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 6380}
	here := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 6379}
	one, other := net.Pipe()
	defer one.Close()
	defer other.Close()
	for name, test := range map[string]struct {
		conn net.Conn
		addr string
		want bool
	}{
		"TLS":                        {tls.Client(fake{remote: away}, &tls.Config{}), "cache.test:6380", true},
		"plain, away":                {fake{remote: away}, "cache.test:6380", false},
		"plain, here":                {fake{remote: here}, "localhost:6379", true},
		"plain, a proxy here":        {fake{remote: here}, "cache.test:6380", false},
		"plain, localhost elsewhere": {fake{remote: away}, "localhost:6379", false},
		"plain, no host, elsewhere":  {fake{remote: away}, ":6379", false},
		"unix socket":                {fake{remote: &net.UnixAddr{Name: "/run/redis.sock", Net: "unix"}}, "/run/redis.sock", true},
		"unix socket, as a proxy":    {fake{remote: &net.UnixAddr{Name: "/run/redis.sock", Net: "unix"}}, "cache.test:6380", false},
		"pipe":                       {one, "localhost:6379", true},
		"no address":                 {fake{}, "localhost:6379", true},
	} {
		if got := plaintext.IsSafe(test.conn, "tcp", test.addr); got != test.want {
			t.Errorf("%s: %t, want %t", name, got, test.want)
		}
	}
}
