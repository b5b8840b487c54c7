package connections

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
)

// A floor is what connections take without us.
type floor struct {
	heap float64       // bytes of each
	auth time.Duration // of the processor, to send an AUTH and read its answer now and then
}

// bare measures n connections without us. Some of them log in anew, as far from each other in time as those of a
// rotation.
func bare(ctx context.Context, n int, pause time.Duration) (f floor, err error) {
	server, err := start(ctx)
	if err != nil {
		return f, err
	}
	defer server.stop()
	o, err := open(ctx, server.addr, n, func(c net.Conn) net.Conn { return c })
	defer o.close()
	if err != nil {
		return f, err
	}
	f.heap = o.heap
	t, err := (&credential{life: time.Hour}).GetToken(ctx, policy.TokenRequestOptions{})
	if err != nil {
		return f, err
	}
	command := fmt.Appendf(nil, "*3\r\n$4\r\nAUTH\r\n$2\r\nus\r\n$%d\r\n%s\r\n", len(t.Token), t.Token)
	answer := make([]byte, 100)
	before := processor()
	for _, c := range o.all[:n/10] {
		if err := sleep(ctx, pause); err != nil {
			return f, err
		}
		if _, err := c.Write(command); err != nil {
			return f, err
		}
		if n, err := c.Read(answer); err != nil || string(answer[:n]) != "+OK\r\n" {
			return f, fmt.Errorf("instead of OK came %q: %w", answer[:n], err)
		}
	}
	f.auth = (processor() - before) / time.Duration(max(1, n/10))
	return f, nil
}

// direct measures idle connections of a Dialer through a rotation.
func direct(ctx context.Context, n int, cred *credential) (*Way, error) {
	server, err := start(ctx)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	if cred.steps != nil {
		if err := server.holdExpiry(); err != nil {
			return nil, err
		}
	}
	w := &Way{Name: "entraconn alone", Conns: n, Life: cred.life}
	// Renewed early, for then the window is as long as it becomes: a third of a life below half an hour.
	cred.refresh = cred.life / 4
	src, err := entra.NewSource(cred, nil)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	expires, err := cred.second(ctx)
	if err != nil {
		return nil, err
	}
	dialer := entraconn.NewDialer(src, nil)
	ours, err := open(ctx, server.addr, n, func(c net.Conn) net.Conn { return dialer.Wrap(c) })
	defer ours.close()
	if err != nil {
		return nil, err
	}
	w.Heap = ours.heap
	if cred.steps != nil {
		if err := w.step(ctx, cred, server, n); err != nil {
			return nil, err
		}
	} else if err := w.follow(ctx, server, expires); err != nil {
		return nil, err
	}
	return w, w.see(server)
}

// follow waits until all connections have a newer token, and measures meanwhile.
func (w *Way) follow(ctx context.Context, server *process, expires time.Time) error {
	began, before := time.Now(), processor()
	var first, used time.Duration // when the rotation began, and what had been used until then
	for looks := 0; ; looks++ {
		s, err := server.seen("")
		if err != nil {
			return err
		}
		since, cpu := time.Since(began), processor()-before
		if s.Auths == 0 {
			first, used = since, cpu
		}
		if looks%10 == 0 {
			w.Goroutines = max(w.Goroutines, goroutines())
		}
		switch {
		case s.Auths >= w.Conns:
			w.CPU = cpu - used
			w.Idle = time.Duration(float64(used) * float64(since-first) / float64(max(1, first)))
			return nil
		case time.Now().After(expires):
			return fmt.Errorf("%d of %d connections have got a newer token", s.Auths, w.Conns)
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// conns are open ones.
type conns struct {
	all  []net.Conn
	heap float64 // bytes of each
}

// open opens n connections and uses each once. What it returns is to be closed, also with an error.
func open(ctx context.Context, addr string, n int, wrap func(net.Conn) net.Conn) (o *conns, err error) {
	o = &conns{all: make([]net.Conn, 0, n)}
	var d net.Dialer
	answer := make([]byte, 100)
	before := heap()
	for range n {
		inner, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			return o, fmt.Errorf("connection %d: %w", len(o.all), err)
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
