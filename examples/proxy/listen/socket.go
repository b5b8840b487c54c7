package listen

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// A socket is a listener on a unix socket. It removes the file itself: net.UnixListener knows it only
// by the name that it had before.
type socket struct {
	*net.UnixListener
	path    string
	file    fs.FileInfo
	closing sync.Once
}

// onSocket makes the socket in a folder that only this user can enter, and gives it its name when it has
// its permissions. So no other user can connect before.
func onSocket(path string, mode fs.FileMode) (net.Listener, error) {
	if err := isReplaceable(path); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	temporary := filepath.Join(dir, "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: temporary, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	s := &socket{UnixListener: l, path: path}
	if s.file, err = publish(temporary, path, mode); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return s, nil
}

// publish gives the socket its permissions and its name.
func publish(temporary, path string, mode fs.FileMode) (fs.FileInfo, error) {
	if err := os.Chmod(temporary, mode); err != nil {
		return nil, err
	}
	if err := os.Rename(temporary, path); err != nil {
		return nil, err
	}
	return os.Lstat(path)
}

// isReplaceable returns an error unless the path is free, or leads to a socket that no program listens
// on.
func isReplaceable(path string) error {
	file, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case file.Mode()&fs.ModeSocket == 0:
		return fmt.Errorf("listen on %q: there is a file that is no socket; remove it or take another path", path)
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		_ = conn.Close()
		return fmt.Errorf("listen on %q: another program listens there", path)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return nil
}

// Addr returns the path at which clients connect.
func (s *socket) Addr() net.Addr { return &net.UnixAddr{Name: s.path, Net: "unix"} }

// Close also removes the file, unless another program has replaced it.
func (s *socket) Close() error {
	s.closing.Do(func() {
		if now, err := os.Lstat(s.path); err == nil && os.SameFile(now, s.file) {
			_ = os.Remove(s.path)
		}
	})
	return s.UnixListener.Close()
}
