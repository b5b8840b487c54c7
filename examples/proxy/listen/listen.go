// Package listen opens the address on which the proxy takes clients. A program that can connect to it uses the
// cache as the proxy's identity, without a password. So it is on this machine's loopback interface or a
// unix socket, unless the operator asks for more.
package listen

import (
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"strings"
)

// Options say who may connect. The zero value lets programs on this machine connect over TCP, and this
// user's programs over a unix socket.
type Options struct {
	// AllowRemote lets other machines connect.
	AllowRemote bool
	// SocketMode are the permissions of a unix socket: 0600 if 0. Others than its user need the right to
	// write, as in 0660.
	SocketMode fs.FileMode
}

// On listens on an address: host:port, where a name is resolved once, or the path of a unix socket,
// which begins with a slash. The file of a unix socket that no program listens on is replaced; no other
// file is. Closing the listener removes its file.
func On(address string, opts Options) (net.Listener, error) {
	if filepath.IsAbs(address) {
		mode := opts.SocketMode
		if mode == 0 {
			mode = 0o600
		}
		return onSocket(address, mode)
	}
	if !strings.Contains(address, ":") || strings.ContainsAny(address, `/\@`) {
		return nil, fmt.Errorf("listen on %q: want host:port, or the path of a unix socket, which begins with a slash", address)
	}
	resolved, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", address, err)
	}
	if !opts.AllowRemote && !resolved.IP.IsLoopback() {
		return nil, &RemoteError{Address: address}
	}
	return net.ListenTCP("tcp", resolved)
}

// A RemoteError says that other machines could connect to the address.
type RemoteError struct {
	Address string // as it was given
}

func (e *RemoteError) Error() string {
	return fmt.Sprintf("listen on %q: other machines could use the cache as this identity; "+
		"take 127.0.0.1 or a unix socket, or allow it with -allow-remote", e.Address)
}
