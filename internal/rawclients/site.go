package rawclients

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"
)

// A Site is a server on which scripts are played, one after the other. The server belongs to it: what
// is on it is deleted before each play.
type Site struct {
	addr      string
	admin     redis.Conn
	connector Connector // nil where connections are plain
}

// A Connector makes connections that are to be like plain ones.
type Connector interface {
	// Dialer returns what dials the connections of a script whose tokens live so long.
	Dialer(separateLogin bool, life time.Duration) func(ctx context.Context, network, addr string) (net.Conn, error)
	// AwaitTokens waits until n newer tokens have come.
	AwaitTokens(life time.Duration, n int)
}

// OpenSite returns the site of a server whose default user needs no password and may do everything. With
// a nil connector the clients' connections are plain.
func OpenSite(addr string, connector Connector) (*Site, error) {
	admin, err := redis.Dial("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("rawclients: %w", err)
	}
	s := &Site{addr: addr, admin: admin, connector: connector}
	// A blocking command whose timeout is over is found up to 100 ms later if nothing else happens.
	if _, err := s.do("CONFIG", "SET", "hz", "500"); err != nil {
		return nil, err
	}
	_, err = s.do("CONFIG", "SET", "notify-keyspace-events", "KEA")
	return s, err
}

// Close closes the site's own connection.
func (s *Site) Close() error { return s.admin.Close() }

func (s *Site) do(name string, args ...any) (any, error) {
	reply, err := s.admin.Do(name, args...)
	if err != nil {
		return nil, fmt.Errorf("rawclients: %s %v at %s: %w", name, args, s.addr, err)
	}
	return reply, nil
}

// Catalogue asks the server for its commands.
func (s *Site) Catalogue() (*Catalogue, error) { return Ask(s.admin) }

// Version returns the kind and the version of the server.
func (s *Site) Version() (string, error) {
	info, err := redis.String(s.do("INFO", "server"))
	if err != nil {
		return "", err
	}
	for _, kind := range []string{"valkey", "redis"} {
		if _, rest, found := strings.Cut(info, kind+"_version:"); found {
			version, _, _ := strings.Cut(rest, "\r")
			return kind + "-server " + version, nil
		}
	}
	return "unknown", nil
}

// Calls returns how often the server has run a command, which it counts when a call has ended.
func (s *Site) Calls(name string) (int, error) {
	stats, err := redis.String(s.do("INFO", "commandstats"))
	if err != nil {
		return 0, err
	}
	_, after, found := strings.Cut(stats, "cmdstat_"+strings.ToLower(name)+":calls=")
	if !found {
		return 0, nil
	}
	digits, _, _ := strings.Cut(after, ",")
	return strconv.Atoi(digits)
}

// prepare makes the server what it is at the beginning of each play.
func (s *Site) prepare(rights string) error {
	if err := s.awaitNoClients(); err != nil {
		return err
	}
	for _, command := range [][]any{{"FLUSHALL"}, {"SCRIPT", "FLUSH"}, {"SLOWLOG", "RESET"}, {"ACL", "LOG", "RESET"}} {
		if _, err := s.do(command[0].(string), command[1:]...); err != nil {
			return err
		}
	}
	_, _ = s.admin.Do("FUNCTION", "FLUSH") // 6.0 has none
	return s.setUser(rights)
}

// setUser makes the user of the clients. Redis 6.0 knows no rights for channels, and some servers do
// not know all rights of a script: then the user may do everything.
func (s *Site) setUser(rights string) error {
	var err error
	for _, all := range []string{"~* &* " + rights, "~* " + rights, "~* &* +@all", "~* +@all"} {
		args := []any{"SETUSER", User, "reset", "on", "nopass"}
		for _, rule := range strings.Fields(all) {
			args = append(args, rule)
		}
		if _, err = s.do("ACL", args...); err == nil {
			return nil
		}
	}
	return err
}

// awaitNoClients waits until the connections of the play before are gone.
func (s *Site) awaitNoClients() error {
	for end := time.Now().Add(patience); ; <-time.After(200 * time.Microsecond) {
		states, err := s.states()
		if err != nil {
			return err
		}
		if len(states) == 1 {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("rawclients: %d connections at %s were not closed", len(states)-1, s.addr)
		}
	}
}

// states returns what the server says of its connections.
func (s *Site) states() (map[string]clientState, error) {
	list, err := redis.String(s.do("CLIENT", "LIST"))
	return parseClientList(list), err
}

// nextNumber returns the number that the next connection to the server gets.
func (s *Site) nextNumber() (int64, error) {
	c, err := redis.Dial("tcp", s.addr)
	if err != nil {
		return 0, fmt.Errorf("rawclients: %w", err)
	}
	defer c.Close()
	number, err := redis.Int64(c.Do("CLIENT", "ID"))
	return number + 1, err
}

// dialer returns how the connections of a play are made.
func (s *Site) dialer(separateLogin bool, life time.Duration) func(ctx context.Context, network, addr string) (net.Conn, error) {
	if s.connector == nil {
		return DialPlain
	}
	return s.connector.Dialer(separateLogin, life)
}

// DialPlain dials a plain connection.
func DialPlain(ctx context.Context, network, addr string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, addr)
}
