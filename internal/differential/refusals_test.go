package differential

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
)

// lasting returns a Source whose token lives for an hour.
func lasting(t *testing.T) *entra.Source {
	t.Helper()
	src, err := entra.NewSource(&rapid{life: time.Hour}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.Close() })
	_, newer := src.Latest()
	<-newer // the first token
	if tok, newer := src.Latest(); time.Until(tok.ExpiresOn()) < time.Minute {
		<-newer
	}
	return src
}

// This catches an error of a blocking command that shows what we have made of the command, and a call that
// ends differently because the server was asked before it.
func TestBlockingCommandsThatTheServerRefuses(t *testing.T) {
	site := newSite(t, "--rename-command", "BRPOP", "")
	dial := func(dial dialFunc) redis.Conn {
		t.Helper()
		conn, err := redis.Dial("tcp", site.addr, redis.DialNetDial(func(network, addr string) (net.Conn, error) {
			return dial(context.Background(), network, addr)
		}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	plain := dial(plainDial)
	site.do(t, "SET", "string", "value")
	site.do(t, "XADD", "stream", "1-1", "field", strings.Repeat("long", 100_000))
	ours := dial(entraconn.NewDialer(lasting(t), nil).DialFunc(plainDial))
	for _, command := range []string{
		"BRPOP list 86400.25", "BRPOP 0 0", // which it does not know, like redis-server 6 the next ones
		"BLMPOP 0 1 string LEFT", "BLMPOP 86400 2 string stream LEFT COUNT 10",
		"BLPOP string 0", "BLPOP list -1", "BLPOP list nan", "BZMPOP 0 0 list MIN",
		"XREAD BLOCK 0 STREAMS string $", "XREAD BLOCK 0 STREAMS stream string $ $", "XREAD BLOCK 0 STREAMS none string $ $",
		"XREAD BLOCK 0 STREAMS stream none $", "XREAD BLOCK 0 STREAMS stream stream $ 0", "XREAD BLOCK 0 COUNT 1 STREAMS stream stream 0 $",
		"XREAD NEW BLOCK 0 STREAMS stream $", "XREAD BLOCK 0 STREAMS stream +x",
		"XREADGROUP GROUP g c BLOCK 0 STREAMS stream >", "XREADGROUP GROUP g c CLAIM x BLOCK 0 STREAMS stream >", "XREADGROUP GROUP g c BLOCK 0 STREAMS stream $",
		"WAIT 0 0", "WAIT x 0", "WAIT 1 x",
	} {
		words := strings.Fields(command)
		want, wantErr := plain.Do(words[0], anys(words[1:])...)
		got, gotErr := ours.Do(words[0], anys(words[1:])...)
		if fmt.Sprint(brief(got), gotErr) != fmt.Sprint(brief(want), wantErr) {
			t.Errorf("%s: %v, %v; a plain client gets %v, %v", command, brief(got), gotErr, brief(want), wantErr)
		}
	}
	if asked := site.calls(t, "xinfo", "xinfo|stream"); asked == 0 {
		t.Error("the server was asked nothing")
	}
}

// A user who may read a stream and not ask where it ends reads on as without us, and costs one entry in the
// server's log of refusals.
func TestServerWithoutXinfo(t *testing.T) {
	t.Parallel() // it waits for tokens
	site := newSite(t)
	site.do(t, "ACL", "SETUSER", user, "-xinfo")
	open := entraconn.NewDialer(lasting(t), nil).DialFunc(plainDial)
	follower := newFollowers(t, site, "ours", dialFunc(open), 1)
	rng := seeded(0)
	for n := range 3 {
		follower.round(rng, n)
	}
	if follower.failed > 0 || follower.lost > 0 {
		t.Errorf("%d calls failed, %d entries lost", follower.failed, follower.lost)
	}
	refusals, err := redis.Values(site.admin.Do("ACL", "LOG"))
	if err != nil || len(refusals) != 1 || !strings.Contains(fmt.Sprint(brief(refusals)), "count 1 ") {
		t.Errorf("ACL LOG: %v, %v", brief(refusals), err)
	}
}
