package overhead

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"

	"github.com/entraredis/entraredis/bench/internal/redisserver"
	"github.com/entraredis/entraredis/core/entraconn"
)

// Memory is what idle connections that are logged in take of the heap, in bytes for each.
type Memory struct {
	Connections int
	Bare, Ours  float64 // with what Go itself keeps of a connection
}

// remember opens connections of both kinds and looks at the heap.
func remember(ctx context.Context, s *redisserver.Server) (m Memory, err error) {
	const n = 1000
	dialer := entraconn.NewDialer(s.Source, nil)
	m.Connections = n
	auth := fmt.Sprintf("*3\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(redisserver.User), redisserver.User,
		len(redisserver.Password), redisserver.Password)
	if m.Bare, err = heapOf(ctx, s.Addr, n, func(c net.Conn) (net.Conn, string) { return c, auth }); err != nil {
		return m, err
	}
	m.Ours, err = heapOf(ctx, s.Addr, n, func(c net.Conn) (net.Conn, string) { return dialer.Wrap(c), "" })
	return m, err
}

// heapOf returns by how much the heap grows for each of n connections that are open, logged in and idle.
func heapOf(ctx context.Context, addr string, n int, wrap func(net.Conn) (c net.Conn, login string)) (bytes float64, err error) {
	conns := make([]net.Conn, 0, n)
	defer func() {
		for _, c := range conns {
			err = errors.Join(err, c.Close())
		}
	}()
	var d net.Dialer
	answer := make([]byte, 100)
	before := heap()
	for range n {
		inner, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			return 0, err
		}
		c, login := wrap(inner)
		conns = append(conns, c)
		if _, err := c.Write([]byte(login + "*1\r\n$4\r\nPING\r\n")); err != nil {
			return 0, err
		}
		for got := ""; !strings.HasSuffix(got, "+PONG\r\n"); {
			n, err := c.Read(answer)
			if err != nil {
				return 0, err
			}
			got += string(answer[:n])
		}
	}
	return float64(heap()-before) / float64(n), nil
}

// heap returns how many bytes of the heap are in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first one made free by finalizers
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
