// Package settings reads the command line of the proxy.
package settings

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strconv"
	"time"
)

// Settings are what the command line asks for.
type Settings struct {
	Cache       string        // host:port of the cache
	Listen      string        // host:port, or the path of a unix socket
	HTTP        string        // host:port of health and metrics, empty for none
	AllowRemote bool          // other machines may be clients
	SocketMode  fs.FileMode   // of the unix socket
	DialTimeout time.Duration // of a dial of the cache, TLS included
	Drain       time.Duration // how long clients may take to end
}

// Parse reads the arguments. It writes to stderr what is wrong with them, or the usage if they ask for
// it; the error is flag.ErrHelp then.
func Parse(args []string, stderr io.Writer) (Settings, error) {
	s := Settings{SocketMode: 0o600}
	flags := flag.NewFlagSet("proxy", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.Cache, "cache", os.Getenv("REDIS_ADDR"), "`host:port` of the cache; default: the environment variable REDIS_ADDR")
	flags.StringVar(&s.Listen, "listen", "127.0.0.1:6379", "`address` for clients: host:port, or the path of a unix socket")
	flags.BoolVar(&s.AllowRemote, "allow-remote", false, "let -listen be an address that other machines can reach; they need no password")
	flags.Func("socket-mode", "`permissions` of a unix socket, in octal; default 0600", func(digits string) error {
		mode, err := strconv.ParseUint(digits, 8, 9)
		s.SocketMode = fs.FileMode(mode)
		return err
	})
	flags.StringVar(&s.HTTP, "http", "", "`host:port` to serve /livez, /readyz and /metrics on; default: none")
	flags.DurationVar(&s.DialTimeout, "dial-timeout", 5*time.Second, "how long a connection to the cache may take, TLS included")
	flags.DurationVar(&s.Drain, "drain", 20*time.Second, "after SIGTERM, how long replies may take before their clients are cut off")
	err := flags.Parse(args)
	if err != nil {
		return Settings{}, err
	}
	if err = s.check(flags.NArg()); err != nil {
		fmt.Fprintln(stderr, "proxy:", err)
	}
	return s, err
}

func (s *Settings) check(more int) error {
	_, port, err := net.SplitHostPort(s.Cache)
	switch {
	case more > 0:
		return errors.New("the proxy takes flags only, see -help")
	case s.Cache == "":
		return errors.New("which cache? Give -cache host:port")
	case err != nil:
		return fmt.Errorf("-cache: %w; want host:port", err)
	case port == "":
		return fmt.Errorf("-cache %s: want host:port", s.Cache)
	case s.SocketMode&0o200 == 0:
		return fmt.Errorf("-socket-mode %#o: not even this user could connect", s.SocketMode)
	case s.DialTimeout <= 0:
		return fmt.Errorf("-dial-timeout %v: want more than 0", s.DialTimeout)
	case s.Drain < 0:
		return fmt.Errorf("-drain %v: want 0 or more", s.Drain)
	}
	return nil
}
