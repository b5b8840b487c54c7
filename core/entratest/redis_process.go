package entratest

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
)

// ErrNoRedisServer is returned by [StartRedis] where no redis-server is on the PATH. A retry helps once one is
// installed; [NewMiniredis] is there without.
var ErrNoRedisServer = errors.New("entratest: redis-server is not installed")

// programVariable is the environment variable that names another program than the redis-server on the PATH.
const programVariable = "ENTRATEST_REDIS_SERVER"

// A RedisServer is a redis-server process that belongs to this one. It is a [Backend], and it can also be used
// directly, without a gateway and without a password, to compare.
type RedisServer struct {
	redisServer
	process *exec.Cmd
	dir     string
	done    chan struct{} // closed when the process has ended and its output is read

	mu     sync.Mutex
	closed bool
}

// StartRedis starts the redis-server that is on the PATH: on a free port of 127.0.0.1, with a directory of its
// own that Close removes, without persistence. Further arguments are added to its command line, for example
// "--maxclients", "100". It blocks until the server answers, or ctx ends; ctx does not bound the server's life.
//
// The environment variable ENTRATEST_REDIS_SERVER names another program, by its path or as it is found on the PATH: a
// redis-server of another version, 6.0 or later, or a valkey-server. If it cannot be run, that is an error, and not
// ErrNoRedisServer.
func StartRedis(ctx context.Context, args ...string) (*RedisServer, error) {
	path, err := redisProgram()
	if err != nil {
		return nil, err
	}
	// Another process may take the port before the server does.
	for attempt := 1; ; attempt++ {
		port, err := freePort()
		if err != nil {
			return nil, fmt.Errorf("entratest: looking for a free port: %w", err)
		}
		r, err := startRedis(ctx, path, "127.0.0.1", port, args)
		if err == nil || attempt == 5 || ctx.Err() != nil {
			return r, err
		}
	}
}

// redisProgram returns the path of the program to start.
func redisProgram() (string, error) {
	if named := os.Getenv(programVariable); named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return "", fmt.Errorf("entratest: %s names no program that can be run: %w", programVariable, err)
		}
		return path, nil
	}
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoRedisServer, err)
	}
	return path, nil
}

func startRedis(ctx context.Context, path, host, port string, args []string) (*RedisServer, error) {
	dir, err := os.MkdirTemp("", "entratest-redis-")
	if err != nil {
		return nil, fmt.Errorf("entratest: %w", err)
	}
	r := &RedisServer{
		redisServer: redisServer{addr: net.JoinHostPort(host, port)},
		dir:         dir,
		done:        make(chan struct{}),
	}
	r.process = exec.Command(path, append([]string{
		"--port", port, "--bind", host, "--dir", dir, "--save", "", "--appendonly", "no", "--daemonize", "no",
	}, args...)...)
	dieWithUs(r.process)
	output, err := r.process.StdoutPipe()
	if err == nil {
		r.process.Stderr = r.process.Stdout // where it says what is wrong with its arguments
		err = r.process.Start()
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("entratest: %w", err)
	}
	ready, failed := make(chan struct{}), make(chan string, 1)
	go r.watch(output, ready, failed)
	select {
	case <-ready:
	case last := <-failed:
		err = fmt.Errorf("entratest: %s ended: %s", path, last)
	case <-ctx.Done():
		err = fmt.Errorf("entratest: %s is not ready: %w", path, ctx.Err())
	}
	if err == nil {
		err = r.ping(ctx)
	}
	if err != nil {
		_ = r.Close() // the error before says more
		return nil, err
	}
	return r, nil
}

// lastLines is how many lines of a server that has not started are told: it says in four what is wrong with its
// arguments.
const lastLines = 4

// watch reads what the server writes, so that it never waits for us, until the process ends.
func (r *RedisServer) watch(output io.Reader, ready chan<- struct{}, failed chan<- string) {
	defer close(r.done)
	var last []string
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if strings.Contains(line, "Ready to accept connections") && ready != nil {
			close(ready)
			ready = nil
		}
		if line != "" {
			last = append(last, line)
		}
		last = last[max(0, len(last)-lastLines):]
	}
	_, _ = io.Copy(io.Discard, output) // a line too long for the Scanner
	failed <- cmp.Or(strings.Join(last, " "), "without a word")
	_ = r.process.Wait() // it was killed, or has told why
}

func (r *RedisServer) ping(ctx context.Context) error {
	u, err := r.attach(ctx)
	if err != nil {
		return err
	}
	_, err = u.(*redisUpstream).do(ctx, "PING", "ready")
	return errors.Join(err, u.close())
}

// Addr returns the "host:port" of the server.
func (r *RedisServer) Addr() string { return r.addr }

// Knows asks the server whether it knows a command, or a subcommand such as "CLIENT SETINFO", in capitals as for
// [Dialect.Knows]. A server before 7.0 knows no subcommand by its name. The error is that of the connection.
func (r *RedisServer) Knows(ctx context.Context, command string) (bool, error) {
	u, err := r.attach(ctx)
	if err != nil {
		return false, err
	}
	// One element for each name: an array that describes the command, or a null.
	reply, err := u.(*redisUpstream).do(ctx, "COMMAND", "INFO", strings.ReplaceAll(command, " ", "|"))
	known := strings.HasPrefix(reply, "*1\r\n*") && !strings.HasPrefix(reply, "*1\r\n*-1")
	return known, errors.Join(err, u.close())
}

// Close kills the server, waits until it is gone, and removes its directory. Calling it again does nothing.
// Close gateways in front of it first.
func (r *RedisServer) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	err := r.process.Process.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	<-r.done
	return errors.Join(err, os.RemoveAll(r.dir))
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return strconv.Itoa(port), l.Close()
}
