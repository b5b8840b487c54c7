package overhead

import (
	"context"
	"fmt"
	"net"
	"runtime/debug"
	"testing"
	"time"

	"github.com/entraredis/entraredis/bench/internal/cores"
	"github.com/entraredis/entraredis/bench/internal/redisserver"
	"github.com/entraredis/entraredis/bench/internal/stats"
	"github.com/entraredis/entraredis/core/entraconn"
)

// mostForGet is what a GET may cost over a connection of ours more than over a bare one, in nanoseconds of the processor.
const mostForGet = 500

// BenchmarkGet compares what a GET costs over a bare TCP connection and over one of ours, without a client library: time of
// the processor of this process, the kernel's included, while the server works on a core of its own. Both work in turns,
// bare, ours, ours, bare. Where a connection's data lie makes it faster or slower as long as it lives, so each turn of the
// benchmark dials both anew and counts once. It fails if the whole interval of 95 % is above what a GET may cost more.
func BenchmarkGet(b *testing.B) {
	s, err := redisserver.Start(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	if err := fill(b.Context(), s); err != nil {
		b.Fatal(err)
	}
	restore, err := cores.Separate(s.PID)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := restore(); err != nil {
			b.Error(err)
		}
	})
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // neither side allocates
	dialOurs := entraconn.NewDialer(s.Source, nil).DialFunc((&net.Dialer{}).DialContext)
	for _, deadlines := range []bool{false, true} {
		b.Run(fmt.Sprintf("deadlines=%v", deadlines), func(b *testing.B) {
			var bare, ours, more []float64
			for b.Loop() {
				pair := [2]*getter{newGetter(b, s, dialBare, deadlines), newGetter(b, s, dialOurs, deadlines)}
				for _, g := range pair {
					g.cost(b) // logs in and warms up
				}
				var costs [2]float64
				const quads = 4
				for range quads {
					for _, side := range []int{0, 1, 1, 0} {
						costs[side] += pair[side].cost(b) / (2 * quads)
					}
				}
				bare, ours, more = append(bare, costs[0]), append(ours, costs[1]), append(more, costs[1]-costs[0])
				for _, g := range pair {
					g.conn.Close()
				}
			}
			difference := stats.Median(more)
			b.ReportMetric(0, "ns/op") // of a turn, which says nothing
			b.ReportMetric(stats.Median(bare).Median, "bare-ns/GET")
			b.ReportMetric(stats.Median(ours).Median, "ours-ns/GET")
			b.ReportMetric(difference.Median, "more-ns/GET")
			b.Logf("%.0f ns more (%.0f to %.0f) in %d pairs", difference.Median, difference.Low, difference.High, len(more))
			if difference.Low > mostForGet {
				b.Errorf("a GET costs %.0f ns more (%.0f to %.0f), want %d at most", difference.Median, difference.Low, difference.High, mostForGet)
			}
		})
	}
}

func dialBare(ctx context.Context, network, addr string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, addr)
}

// A getter is a connection that is logged in, and a GET and its reply.
type getter struct {
	conn           net.Conn
	command, reply []byte
	deadlines      bool // are set with each command, as go-redis does
}

func newGetter(b *testing.B, s *redisserver.Server, dial func(context.Context, string, string) (net.Conn, error), deadlines bool) *getter {
	b.Helper()
	conn, err := dial(b.Context(), "tcp", s.Addr)
	if err != nil {
		b.Fatal(err)
	}
	if _, ours := conn.(*entraconn.Conn); !ours {
		login := encode("AUTH", redisserver.User, redisserver.Password)
		if err := (&getter{conn: conn, command: login, reply: make([]byte, len("+OK\r\n"))}).get(); err != nil {
			b.Fatal(err)
		}
	}
	header := fmt.Sprintf("$%d\r\n", small)
	return &getter{conn: conn, command: encode("GET", smallKey), reply: make([]byte, len(header)+small+2), deadlines: deadlines}
}

// cost returns how long the processor works for a GET, in nanoseconds.
func (g *getter) cost(b *testing.B) float64 {
	const times = 50
	began := processor()
	for range times {
		if err := g.get(); err != nil {
			b.Fatal(err)
		}
	}
	return float64(processor()-began) / times
}

func (g *getter) get() error {
	if g.deadlines {
		if err := g.conn.SetWriteDeadline(time.Now().Add(3 * time.Second)); err != nil {
			return err
		}
	}
	if _, err := g.conn.Write(g.command); err != nil {
		return err
	}
	if g.deadlines {
		if err := g.conn.SetReadDeadline(time.Now().Add(3 * time.Second)); err != nil {
			return err
		}
	}
	for n := 0; n < len(g.reply); {
		read, err := g.conn.Read(g.reply[n:])
		if err != nil {
			return err
		}
		if n == 0 && g.reply[0] == '-' {
			return fmt.Errorf("the server said %q", g.reply[:read])
		}
		n += read
	}
	return nil
}

func encode(words ...string) []byte {
	command := fmt.Appendf(nil, "*%d\r\n", len(words))
	for _, word := range words {
		command = fmt.Appendf(command, "$%d\r\n%s\r\n", len(word), word)
	}
	return command
}
