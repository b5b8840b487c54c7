package differential

import (
	"fmt"
	"io"
	"net"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gomodule/redigo/redis"
	"github.com/redis/rueidis"

	"github.com/entraredis/entraredis/core/entraconn"
)

// A sharedAddress has several servers behind it. Each takes its turn with a connection.
type sharedAddress struct {
	listener net.Listener
	servers  []*site
	passed   []atomic.Int64 // connections to each server
	copying  sync.WaitGroup
}

func newSharedAddress(t *testing.T, servers ...*site) *sharedAddress {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &sharedAddress{listener: listener, servers: servers, passed: make([]atomic.Int64, len(servers))}
	a.copying.Go(a.accept)
	t.Cleanup(func() {
		listener.Close()
		a.copying.Wait()
	})
	return a
}

func (a *sharedAddress) accept() {
	for n := 0; ; n++ {
		client, err := a.listener.Accept()
		if err != nil {
			return
		}
		turn := n % len(a.servers)
		a.passed[turn].Add(1)
		server, err := net.Dial("tcp", a.servers[turn].addr)
		if err != nil {
			client.Close()
			continue
		}
		for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
			a.copying.Go(func() {
				_, _ = io.Copy(way[0], way[1])
				way[0].Close()
				way[1].Close()
			})
		}
	}
}

// A server behind an address that others serve as well does not know our user. A call may fail for each connection that the
// proxy leads there, as with a password, and for nothing else. Once it knows the user, no call fails.
func TestOneOfThreeServersBehindAnAddressRefuses(t *testing.T) {
	t.Parallel() // it waits for tokens
	good, other, stranger := newSite(t), newSite(t), newSite(t)
	for name, open := range map[string]func(t *testing.T, addr string, dial dialFunc) client{
		"go-redis": func(_ *testing.T, addr string, dial dialFunc) client { return newGoRedis(addr, dial, 3) },
		"rueidis": func(t *testing.T, addr string, dial dialFunc) client {
			c, err := openRueidis(addr, dial, rueidis.ClientOption{})
			if c.c == nil || reflect.ValueOf(c.c).IsNil() { // else it is usable although it could not connect
				t.Fatal(err)
			}
			return c
		},
		"redigo": func(_ *testing.T, addr string, dial dialFunc) client {
			return redigoClient{&redis.Pool{Dial: func() (redis.Conn, error) {
				return redis.DialContext(t.Context(), "tcp", addr, redis.DialContextFunc(dial), redis.DialReadTimeout(hung))
			}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			stranger.do(t, "ACL", "SETUSER", user, "off", "resetpass")
			credential, src := newAdmitting(t, nil, good, other)
			address := newSharedAddress(t, good, other, stranger)
			dial := entraconn.NewDialer(src, nil).DialFunc(plainDial)
			call := func(text string) string {
				c := open(t, address.listener.Addr().String(), dialFunc(dial))
				defer c.close()
				return c.run(t.Context(), step{kind: single, commands: [][]string{{"ECHO", text}}})[0]
			}
			failed, worked := 0, 0
			for i := range 30 {
				text := fmt.Sprint("call ", i)
				switch got := call(text); {
				case strings.Contains(got, text):
					worked++
				case strings.Contains(got, "refused the Microsoft Entra login of "+user):
					failed++
				default:
					t.Errorf("a call returned %s", got)
				}
			}
			if there := int(address.passed[2].Load()); there == 0 || failed > there || worked == 0 {
				t.Errorf("%d calls worked, %d failed, and %d connections went to the server that refuses", worked, failed, there)
			}
			t.Logf("%d calls worked, %d failed", worked, failed)
			stranger.do(t, "ACL", "SETUSER", user, "on")
			credential.admitAt(t, stranger)
			for i := range 12 {
				if text := fmt.Sprint("call ", i); !strings.Contains(call(text), text) {
					t.Errorf("all servers accept the user, and call %d failed", i)
				}
			}
		})
	}
}
