package differential

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"
	"github.com/google/go-cmp/cmp"

	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

const workers = 12

// A site is the server that entratest.StartRedis starts, whose one user may do everything with any password.
type site struct {
	server *entratest.RedisServer
	addr   string
	admin  redis.Conn
	before int // AUTHs that the server has run and counts no more
}

// newSite starts a redis-server with further arguments.
func newSite(t *testing.T, args ...string) *site {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: this needs a redis-server and the tokens of a real clock")
	}
	tellSeed(t)
	server, err := entratest.StartRedis(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	admin, err := redis.Dial("tcp", server.Addr(), redis.DialReadTimeout(hung))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close() })
	s := &site{server: server, addr: server.Addr(), admin: admin}
	s.do(t, "ACL", "SETUSER", user, "on", "nopass", "~*", "+@all")
	if s.knows(t, "RESET") { // and so 6.2 or later: before, there are no rules about channels, and every user may use all
		s.do(t, "ACL", "SETUSER", user, "&*")
	}
	t.Cleanup(func() { t.Logf("AUTHs: %d", s.before+s.auths(t)) }) // scripts/servers-test.sh adds them up
	return s
}

// knows reports whether the server knows a command.
func (s *site) knows(t *testing.T, command string) bool {
	t.Helper()
	known, err := s.server.Knows(t.Context(), command)
	if err != nil {
		t.Fatal(err)
	}
	return known
}

func (s *site) do(t *testing.T, name string, args ...any) string {
	got, err := s.admin.Do(name, args...)
	if err != nil {
		t.Fatal(err)
	}
	if text, ok := got.([]byte); ok {
		return string(text)
	}
	return fmt.Sprint(got)
}

// auths returns how many AUTHs the server has really run.
func (s *site) auths(t *testing.T) int { return s.calls(t, "auth") }

// resetCalls has the server count from 0 again.
func (s *site) resetCalls(t *testing.T) {
	s.before += s.auths(t)
	s.do(t, "CONFIG", "RESETSTAT")
}

// calls returns how many commands of these names the server has run.
func (s *site) calls(t *testing.T, names ...string) (all int) {
	stats := s.do(t, "INFO", "commandstats")
	for _, name := range names {
		if m := regexp.MustCompile("cmdstat_" + regexp.QuoteMeta(name) + `:calls=(\d+)`).FindStringSubmatch(stats); m != nil {
			n, _ := strconv.Atoi(m[1])
			all += n
		}
	}
	return all
}

// runOnce runs the workload once and returns what each worker got.
func (s *site) runOnce(t *testing.T, c client, number int) [][]string {
	s.do(t, "FLUSHALL")
	got := make([][]string, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), hung)
			defer cancel()
			for i, st := range steps(number*workers+w, 60) {
				for _, g := range c.run(ctx, st) {
					got[w] = append(got[w], fmt.Sprintf("%d %.60q: %s", i, st.commands[0], g))
				}
			}
		})
	}
	wg.Wait()
	return got
}

func plainDial(ctx context.Context, network, addr string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, addr)
}

// This catches a scanner or a ledger that is wrong by one byte or one reply: because AUTHs go out
// all the time, the next reply would go to the wrong caller.
func TestRepliesAreTheSameWithAuthEveryFewMilliseconds(t *testing.T) {
	site := newSite(t)
	total := 0
	for _, lib := range clients {
		t.Run(lib.name, func(t *testing.T) {
			src := (&rapid{life: 8 * time.Millisecond}).source(t)
			plain := lib.open(t, site.addr, plainDial)
			defer plain.close()
			wrapped := lib.open(t, site.addr, entraconn.NewDialer(src, nil).DialFunc(plainDial))
			defer wrapped.close()
			before, commands := site.auths(t), 0
			enough := until(*injections*lib.share/100, lib.share)
			for number := int(*seed); !enough(site.auths(t) - before); number++ {
				want := site.runOnce(t, plain, number)
				got := site.runOnce(t, wrapped, number)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("round %d, which -seed makes the first: replies differ (-plain +wrapped):\n%.4000s", number, diff)
				}
				for _, w := range got {
					commands += len(w)
				}
			}
			auths := site.auths(t) - before
			total += auths
			t.Logf("%d replies compared, %d AUTHs run by the server", commands, auths)
		})
	}
	t.Logf("%d AUTHs in total", total)
}
