package listen_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/examples/proxy/listen"
)

func TestOtherMachinesCannotConnectUnlessAllowed(t *testing.T) {
	for _, address := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "203.0.113.7:6379"} {
		l, err := listen.On(address, listen.Options{})
		if err == nil {
			l.Close()
		}
		if remote, ok := errors.AsType[*listen.RemoteError](err); !ok || remote.Address != address || !strings.Contains(err.Error(), "-allow-remote") {
			t.Errorf("%s: %v, want a refusal that names the flag", address, err)
		}
	}
	for _, address := range []string{"127.0.0.1:0", "localhost:0", "127.3.4.5:0"} {
		l, err := listen.On(address, listen.Options{})
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if ip := l.Addr().(*net.TCPAddr).IP; !ip.IsLoopback() {
			t.Errorf("%s: listens on %v", address, ip)
		}
		l.Close()
	}
	l, err := listen.On(":0", listen.Options{AllowRemote: true})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if ip := l.Addr().(*net.TCPAddr).IP; !ip.IsUnspecified() {
		t.Errorf("listens on %v only", ip)
	}
}

func TestUselessAddressesAreRefused(t *testing.T) {
	for _, address := range []string{"", "6379", "redis.sock", "./redis.sock", "@redis", "@redis:6379", "127.0.0.1:port", "unix:/run/redis.sock", "no such host:6379"} {
		if l, err := listen.On(address, listen.Options{AllowRemote: true}); err == nil {
			l.Close()
			t.Errorf("%q: listens on %v", address, l.Addr())
		}
	}
}

func TestSocketIsForItsUserOnly(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "redis.sock")
	for _, test := range []struct{ asked, want fs.FileMode }{{0, 0o600}, {0o660, 0o660}} {
		l, err := listen.On(path, listen.Options{SocketMode: test.asked})
		if err != nil {
			t.Fatal(err)
		}
		file, err := os.Lstat(path)
		if err != nil || file.Mode() != fs.ModeSocket|test.want {
			t.Errorf("mode %v, %v; want %v", file.Mode(), err, test.want)
		}
		if l.Addr().String() != path || l.Addr().Network() != "unix" {
			t.Errorf("its address is %v", l.Addr())
		}
		accepted := make(chan error)
		go func() {
			conn, err := l.Accept()
			if err == nil {
				conn.Close()
			}
			accepted <- err
		}()
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		if err := <-accepted; err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if remaining, err := os.ReadDir(dir); err != nil || len(remaining) != 0 {
			t.Errorf("it leaves %v, %v", remaining, err)
		}
	}
}

func TestStaleSocketIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "redis.sock")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false) // as after a kill
	stale.Close()
	l, err := listen.On(path, listen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if again, err := listen.On(path, listen.Options{}); err == nil || !strings.Contains(err.Error(), "another program listens") {
		again.Close()
		t.Errorf("a second one: %v", err)
	}
	// A successor may have replaced the file. Then it stays.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	successor, err := listen.On(path, listen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer successor.Close()
	l.Close()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("the successor's socket is gone: %v", err)
	}
	conn.Close()
}

func TestOtherFilesAreNotReplaced(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "data")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, link, dir} {
		if l, err := listen.On(p, listen.Options{}); err == nil {
			l.Close()
			t.Errorf("%s: was replaced", p)
		}
	}
	if text, err := os.ReadFile(path); string(text) != "precious" {
		t.Errorf("%q, %v", text, err)
	}
}
