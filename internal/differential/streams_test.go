package differential

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"

	"github.com/entraredis/entraredis/core/entraconn"
)

// A follower waits for what is added to a stream of its own from now on, on a connection of its own.
type follower struct {
	conn redis.Conn
	id   string // the server's number of the connection
	key  string
	gone bool // the connection has ended; followers.mu guards it
}

// followers are clients that dial in one way.
type followers struct {
	t     *testing.T
	name  string
	admin redis.Conn // which no one else uses
	all   []*follower

	mu           sync.Mutex
	lost, failed int
}

func newFollowers(t *testing.T, site *site, name string, dial dialFunc, n int) *followers {
	t.Helper()
	admin, err := redis.Dial("tcp", site.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close() })
	f := &followers{t: t, name: name, admin: admin}
	for i := range n {
		conn, err := redis.Dial("tcp", site.addr, redis.DialNetDial(func(network, addr string) (net.Conn, error) {
			return dial(context.Background(), network, addr)
		}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		id, err := redis.Int64(conn.Do("CLIENT", "ID"))
		if err != nil {
			t.Fatal(err)
		}
		f.all = append(f.all, &follower{conn: conn, id: fmt.Sprint(id), key: fmt.Sprint(name, " ", i)})
	}
	return f
}

// round has all of them wait from the end of their streams. When the server has begun to run that for
// each, it adds an entry to each stream at some moment, and each must get its own.
func (f *followers) round(rng *rand.Rand, n int) {
	entry := fmt.Sprint("entry ", n)
	var waiting sync.WaitGroup
	for _, one := range f.all {
		if _, err := one.conn.Do("PING"); err != nil {
			f.count(one, err, "", entry)
			continue
		}
		waiting.Go(func() {
			reply, err := redis.DoWithTimeout(one.conn, 0, "XREAD", "BLOCK", "0", "STREAMS", one.key, "$")
			f.count(one, err, fmt.Sprint(brief(reply)), entry)
		})
	}
	f.awaitBegin()
	began := time.Now()
	moments := make([]time.Duration, len(f.all))
	for i := range moments {
		moments[i] = time.Duration(rng.IntN(5000)) * time.Millisecond
	}
	slices.Sort(moments)
	for i, which := range rng.Perm(len(f.all)) {
		<-time.NewTimer(moments[i] - time.Since(began)).C
		if _, err := f.admin.Do("XADD", f.all[which].key, "*", "n", entry); err != nil {
			f.t.Error(err)
		}
	}
	waiting.Wait()
}

// awaitBegin waits until the last command of each connection is XREAD, or the question before it.
func (f *followers) awaitBegin() {
	begun := regexp.MustCompile(`(?m)^id=(\d+) .* cmd=(?:xread|xinfo)\b`)
	for since := time.Now(); ; {
		list, err := redis.String(f.admin.Do("CLIENT", "LIST"))
		if err != nil {
			f.t.Error(err)
			return
		}
		ids := map[string]bool{}
		for _, m := range begun.FindAllStringSubmatch(list, -1) {
			ids[m[1]] = true
		}
		switch {
		case f.haveBegun(ids):
			return
		case time.Since(since) > hung:
			f.t.Errorf("%s: not all have begun to wait", f.name)
			return
		}
		<-time.NewTimer(10 * time.Millisecond).C
	}
}

// haveBegun reports whether all connections that are open are among ids.
func (f *followers) haveBegun(ids map[string]bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !slices.ContainsFunc(f.all, func(one *follower) bool { return !one.gone && !ids[one.id] })
}

// count counts what came of a call.
func (f *followers) count(one *follower, err error, reply, entry string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case err != nil:
		f.failed++
		one.gone = true
		f.t.Logf("%s: %v", one.key, err)
	case !strings.Contains(reply, entry):
		f.lost++
		f.t.Logf("%s: %s, not %s", one.key, reply, entry)
	}
}

// This catches an entry that is added to a stream between two slices of an XREAD from its end, and lost, and a reader
// whose connection ends with its token.
func TestFollowersOfStreamsMissNothing(t *testing.T) {
	t.Parallel() // it waits for tokens
	const readers, rounds = 200, 3
	site := newSite(t)
	site.do(t, "CONFIG", "SET", "hz", "500")
	src := (&rapid{life: 2 * time.Second}).source(t)
	sides := []*followers{
		newFollowers(t, site, "plain", plainDial, readers),
		newFollowers(t, site, "ours", entraconn.NewDialer(src, nil).DialFunc(plainDial), readers),
	}
	before := site.auths(t)
	var all sync.WaitGroup
	for i, side := range sides {
		rng := seeded(uint64(i))
		all.Go(func() {
			for n := range rounds {
				side.round(rng, n)
			}
		})
	}
	all.Wait()
	for _, side := range sides {
		t.Logf("%s: %d calls, %d failed, %d entries lost", side.name, readers*rounds, side.failed, side.lost)
		if side.failed > 0 || side.lost > 0 {
			t.Fail()
		}
	}
	calls, auths := site.calls(t, "xread"), site.auths(t)-before
	t.Logf("%d XREADs, %d AUTHs", calls, auths)
	if calls <= 2*readers*rounds || auths < readers {
		t.Errorf("%d XREADs and %d AUTHs: hardly any call crossed a token", calls, auths)
	}
}
