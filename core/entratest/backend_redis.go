package entratest

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2/proto"
)

// RedisAt returns an existing Redis server, 6.0 or later, as a Backend: a "host:port", or the path of a unix socket.
// Its default user must need no password and be allowed everything. A gateway creates users named
// "entratest-…" there while it is open and deletes them when it closes; the server's data are not touched but by
// the clients' commands. Errors show when the first client connects, which then gets them as a reply.
func RedisAt(addr string, config *tls.Config) Backend { return redisServer{addr, config} }

type redisServer struct {
	addr string
	tls  *tls.Config
}

func (r redisServer) attach(ctx context.Context) (upstream, error) {
	u := &redisUpstream{server: r, busy: make(turn, 1)}
	if err := u.connect(ctx); err != nil {
		return nil, err
	}
	return u, nil
}

func (r redisServer) dial(ctx context.Context) (net.Conn, error) {
	network := "tcp"
	if strings.HasPrefix(r.addr, "/") {
		network = "unix"
	}
	if r.tls != nil {
		return (&tls.Dialer{Config: r.tls}).DialContext(ctx, network, r.addr)
	}
	return (&net.Dialer{}).DialContext(ctx, network, r.addr)
}

// redisUpstream manages users over a connection of its own.
type redisUpstream struct {
	server redisServer

	busy  turn // held over I/O
	conn  net.Conn
	admin *bufio.Reader
}

// dial leaves the identity: a redis-server has its own.
func (u *redisUpstream) dial(ctx context.Context, _ identity) (net.Conn, error) {
	return u.server.dial(ctx)
}

func (u *redisUpstream) allow(ctx context.Context, who user, rights []string) error {
	set := func(rights []string) error {
		_, err := u.do(ctx, append([]string{"ACL", "SETUSER", who.name, "reset", "on", ">" + who.password}, rights...)...)
		return err
	}
	err := set(rights)
	if err != nil && strings.Contains(err.Error(), "modifier '&") { // before 6.2: every user may use all channels
		err = set(slices.DeleteFunc(slices.Clone(rights), func(rule string) bool { return strings.HasPrefix(rule, "&") }))
	}
	return err
}

// expel kills before it deletes, because only the killing tells how many they were. A connection that logs in
// between the two is ended by the second.
func (u *redisUpstream) expel(ctx context.Context, who user) (int, error) {
	reply, err := u.do(ctx, "CLIENT", "KILL", "USER", who.name)
	if err != nil {
		return 0, err
	}
	n := 0
	if _, err := fmt.Sscanf(reply, ":%d", &n); err != nil {
		return 0, fmt.Errorf("entratest: CLIENT KILL answered %q: %w", reply, err)
	}
	_, err = u.do(ctx, "ACL", "DELUSER", who.name)
	return n, err
}

func (u *redisUpstream) close() error {
	u.busy.take()
	defer u.busy.release()
	return u.conn.Close()
}

// do runs one command. The connection may have been closed by a client's CLIENT KILL: it is dialed once more.
func (u *redisUpstream) do(ctx context.Context, args ...string) (string, error) {
	u.busy.take()
	defer u.busy.release()
	reply, err := u.try(args)
	if err != nil {
		_ = u.conn.Close()
		if err := u.connect(ctx); err != nil {
			return "", err
		}
		if reply, err = u.try(args); err != nil {
			return "", fmt.Errorf("entratest: %s: %w", args[0], err)
		}
	}
	if strings.HasPrefix(reply, "-") {
		return "", errors.New("entratest: " + args[0] + " " + args[1] + ": " + strings.TrimSpace(reply[1:]))
	}
	return reply, nil
}

// adminTimeout is far beyond what a healthy server takes for one command, and short of a test's patience.
const adminTimeout = 10 * time.Second

func (u *redisUpstream) try(args []string) (string, error) {
	if err := u.conn.SetDeadline(time.Now().Add(adminTimeout)); err != nil {
		return "", err
	}
	if err := proto.Write(u.conn, args); err != nil {
		return "", err
	}
	return proto.Read(u.admin)
}

func (u *redisUpstream) connect(ctx context.Context) error {
	c, err := u.server.dial(ctx)
	if err != nil {
		return fmt.Errorf("entratest: %w", err)
	}
	u.conn, u.admin = c, bufio.NewReader(c)
	return nil
}
