// Package connections measures ten thousand connections in one process, while they are idle and while they all get a
// newer token.
package connections

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraredis/entraredis/bench/internal/cores"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
)

// A Result is what was measured.
type Result struct {
	Conns      int
	Life       time.Duration // of a token
	Heap       float64       // bytes of each connection, Go's own included
	Bare       float64       // bytes of each connection without us
	Goroutines int           // of ours, at most
	Window     time.Duration // from the first AUTH of the rotation to the last
	Slots      []int         // AUTHs in each of as many equal parts of the window
	CPU        time.Duration // of this process in the window, and the kernel on its behalf
	Idle       time.Duration // the same in as long a time before
	Late       int           // connections that got the new token later than a tenth of its life before the old one's expiry
	Lost       int
}

const slots = 20

// Measure opens the connections and waits for a rotation. It takes a minute, or a quarter of one.
func Measure(ctx context.Context, quick bool) (*Result, error) {
	r := &Result{Conns: 10_000, Life: time.Minute}
	if quick {
		r.Conns, r.Life = 5_000, 16*time.Second
	}
	addr, stop, err := start(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	bare, err := open(ctx, addr, r.Conns, func(c net.Conn) net.Conn { return c })
	if err != nil {
		return nil, err
	}
	r.Bare = bare.heap
	bare.close()
	return r, r.rotate(ctx, addr)
}

// rotate opens connections of ours and follows them through a rotation.
func (r *Result) rotate(ctx context.Context, addr string) error {
	before := runtime.NumGoroutine()
	var seen log
	began := time.Now()
	src, err := entra.NewSource(credential(r.Life), &entra.Options{Username: "us", Observer: seen.observer()})
	if err != nil {
		return err
	}
	defer src.Close()
	first, err := src.Token(ctx)
	if err != nil {
		return err
	}
	dialer := entraconn.NewDialer(src, nil)
	ours, err := open(ctx, addr, r.Conns, func(c net.Conn) net.Conn { return dialer.Wrap(c) })
	if err != nil {
		return err
	}
	defer ours.close()
	r.Heap = ours.heap
	idleFrom, idleCPU := time.Now(), processor()
	var idle [2]time.Duration // processor and time before the rotation
	for seen.count() < r.Conns {
		if time.Since(began) > 2*r.Life {
			return fmt.Errorf("%d of %d connections have got a newer token", seen.count(), r.Conns)
		}
		if seen.count() == 0 {
			idle = [2]time.Duration{processor() - idleCPU, time.Since(idleFrom)}
		}
		r.Goroutines = max(r.Goroutines, runtime.NumGoroutine()-before)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	r.CPU = processor() - idleCPU - idle[0]
	r.Slots, r.Window = seen.slots(slots)
	r.Idle = time.Duration(float64(idle[0]) * float64(r.Window) / float64(idle[1]))
	r.Late, r.Lost = seen.after(first.ExpiresOn().Add(-r.Life/10)), seen.lost()
	return nil
}

// start starts this program again, as the server.
func start(ctx context.Context) (addr string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, self, argument)
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = in.Close() // which ends it
		_ = cmd.Wait()
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, err
	}
	restore, err := cores.Separate(cmd.Process.Pid)
	if err != nil {
		stop()
		return "", nil, err
	}
	end := stop
	return strings.TrimSpace(line), func() {
		end()
		_ = restore()
	}, nil
}

// conns are open ones.
type conns struct {
	all  []net.Conn
	heap float64 // bytes of each
}

func open(ctx context.Context, addr string, n int, wrap func(net.Conn) net.Conn) (o *conns, err error) {
	o = &conns{all: make([]net.Conn, 0, n)}
	defer func() {
		if err != nil {
			o.close()
		}
	}()
	var d net.Dialer
	answer := make([]byte, 100)
	before := heap()
	for range n {
		inner, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			return o, fmt.Errorf("connection %d: %w", len(o.all), errors.Join(err, ctx.Err()))
		}
		c := wrap(inner)
		o.all = append(o.all, c)
		if _, err := c.Write([]byte("*1\r\n$4\r\nPING\r\n")); err != nil {
			return o, err
		}
		if n, err := c.Read(answer); err != nil || string(answer[:n]) != "+PONG\r\n" {
			return o, fmt.Errorf("instead of PONG came %q: %w", answer[:n], err)
		}
	}
	o.heap = float64(heap()-before) / float64(n)
	return o, nil
}

func (o *conns) close() {
	var closing sync.WaitGroup
	for part := range 8 {
		closing.Go(func() {
			for i := part; i < len(o.all); i += 8 {
				_ = o.all[i].Close()
			}
		})
	}
	closing.Wait()
}

// A credential gives tokens that live so long.
type credential time.Duration

func (c credential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	expires := time.Now().Add(time.Duration(c))
	return azcore.AccessToken{Token: fmt.Sprintf("%01500d", expires.UnixNano()), ExpiresOn: expires}, nil // as long as Entra's
}

// heap returns how many bytes of the heap are in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first one made free by finalizers
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// processor returns how much time of the processor this process has used, and the kernel on its behalf.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
