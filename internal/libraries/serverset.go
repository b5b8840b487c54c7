package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/internal/libraries/tokendial"
)

// A serverSet is the servers of one run of a library's tests. All of them take any token of the tokens' user.
type serverSet struct {
	all    []*server
	byPort map[string]string // the address of a server, by the port that the tests dial
}

// A server is a redis-server that no other run uses.
type server struct {
	process *entratest.RedisServer
	admin   redis.Conn
}

func startServer(ctx context.Context, args ...string) (*server, error) {
	process, err := entratest.StartRedis(ctx, args...)
	if err != nil {
		return nil, err
	}
	s := &server{process: process}
	s.admin, err = redis.DialContext(ctx, "tcp", process.Addr())
	if err == nil {
		_, err = s.admin.Do("ACL", "SETUSER", tokendial.User, "on", "nopass", "~*", "&*", "+@all")
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *server) close() error {
	var err error
	if s.admin != nil {
		err = s.admin.Close()
	}
	return errors.Join(err, s.process.Close())
}

// startServers starts what a library needs.
func startServers(ctx context.Context, needed servers) (_ *serverSet, err error) {
	set := &serverSet{byPort: map[string]string{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, set.close())
		}
	}()
	for _, ports := range needed.singles {
		if err := set.start(ctx, ports); err != nil {
			return nil, err
		}
	}
	for _, ports := range needed.cluster {
		bus, err := freePort()
		if err != nil {
			return nil, err
		}
		if err := set.start(ctx, ports, "--cluster-enabled", "yes", "--cluster-port", bus); err != nil {
			return nil, err
		}
	}
	if len(needed.cluster) > 0 {
		return set, form(ctx, set.all[len(needed.singles):])
	}
	return set, nil
}

// start starts a server to which all of these ports lead.
func (set *serverSet) start(ctx context.Context, ports []string, args ...string) error {
	s, err := startServer(ctx, args...)
	if err != nil {
		return err
	}
	set.all = append(set.all, s)
	for _, port := range ports {
		set.byPort[port] = s.process.Addr()
	}
	return nil
}

func (set *serverSet) close() error {
	var errs []error
	for _, s := range set.all {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

// environment tells tokendial where the servers are.
func (set *serverSet) environment() string {
	var pairs []string
	for port, addr := range set.byPort {
		pairs = append(pairs, port+"="+addr)
	}
	return tokendial.ServersVar + "=" + strings.Join(pairs, " ")
}

// auths returns how many AUTHs the servers have run.
func (set *serverSet) auths() (total int, err error) {
	for _, s := range set.all {
		n, err := authsOf(s.admin)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

var authCalls = regexp.MustCompile(`cmdstat_auth:calls=(\d+)`)

func authsOf(admin redis.Conn) (int, error) {
	stats, err := redis.String(admin.Do("INFO", "commandstats"))
	if err != nil {
		return 0, err
	}
	calls := authCalls.FindStringSubmatch(stats)
	if calls == nil {
		return 0, nil
	}
	return strconv.Atoi(calls[1])
}

// form makes a cluster of servers that serve no slot and do not know each other.
func form(ctx context.Context, nodes []*server) error {
	const slots = 16384
	for i, node := range nodes {
		first, next := slots*i/len(nodes), slots*(i+1)/len(nodes)
		if _, err := node.admin.Do("CLUSTER", "ADDSLOTSRANGE", first, next-1); err != nil {
			return err
		}
		if _, err := node.admin.Do("CLUSTER", "SET-CONFIG-EPOCH", i+1); err != nil {
			return err
		}
		if i == 0 {
			continue // the others meet it
		}
		host, port, err := net.SplitHostPort(node.process.Addr())
		if err != nil {
			return err
		}
		bus, err := redis.Strings(node.admin.Do("CONFIG", "GET", "cluster-port"))
		if err != nil {
			return err
		}
		if _, err := nodes[0].admin.Do("CLUSTER", "MEET", host, port, bus[1]); err != nil {
			return err
		}
	}
	for _, node := range nodes {
		if err := node.awaitCluster(ctx, len(nodes)); err != nil {
			return err
		}
	}
	return nil
}

// awaitCluster waits until the server knows all nodes and all slots.
func (s *server) awaitCluster(ctx context.Context, nodes int) error {
	known := fmt.Sprintf("cluster_known_nodes:%d\r", nodes)
	for {
		info, err := redis.String(s.admin.Do("CLUSTER", "INFO"))
		if err != nil {
			return err
		}
		if strings.Contains(info, "cluster_state:ok\r") && strings.Contains(info, known) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the cluster is not complete: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}

// An authCounter asks servers that tests have started below a folder, again and again because they may end at any moment.
type authCounter struct {
	dir    string
	stop   chan struct{}
	counts chan map[string]int // by socket, when it has stopped
}

func countOwnAuths(dir string) *authCounter {
	c := &authCounter{dir: dir, stop: make(chan struct{}), counts: make(chan map[string]int)}
	go c.work()
	return c
}

func (c *authCounter) work() {
	counts := map[string]int{}
	for {
		select {
		case <-c.stop:
			c.counts <- counts
			return
		case <-time.After(200 * time.Millisecond):
		}
		sockets, _ := filepath.Glob(filepath.Join(c.dir, "*", "redis.sock")) // the pattern is well formed
		for _, socket := range sockets {
			if n, err := authsAt(socket); err == nil { // else the server has ended
				counts[socket] = n
			}
		}
	}
}

func authsAt(socket string) (int, error) {
	admin, err := redis.Dial("unix", socket, redis.DialReadTimeout(time.Second))
	if err != nil {
		return 0, err
	}
	defer admin.Close()
	return authsOf(admin)
}

// total ends the counting. It is at most too low, by the AUTHs after the last look at a server.
func (c *authCounter) total() (total int) {
	close(c.stop)
	for _, n := range <-c.counts {
		total += n
	}
	return total
}
