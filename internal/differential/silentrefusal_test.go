package differential

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"
	"github.com/redis/rueidis"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
)

// refusesSilently asks the server whether it gives a refused AUTH no answer while it has other replies to send.
func (s *site) refusesSilently(t *testing.T) bool {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "PING\r\nAUTH none wrong\r\nECHO end\r\nQUIT\r\n"); err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(bufio.NewReader(conn))
	if err != nil {
		t.Fatal(err)
	}
	return !strings.Contains(string(said), "-WRONGPASS")
}

// This catches a client that gets the reply to another command, because the server has given an AUTH that it refused no
// answer. A server that does not do so refuses in words, and the replies are the same.
func TestServerRefusesAuthBehindOtherReplies(t *testing.T) {
	t.Parallel() // it waits for tokens
	for name, hold := range map[string]func(t *testing.T, addr string, dial dialFunc) func(args ...string) string{
		"go-redis": holdGoRedis, "rueidis": holdRueidis, "redigo": holdRedigo,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := newSite(t)
			isSilent := site.refusesSilently(t)
			t.Logf("the server refuses without an answer: %v", isSilent)
			var refused, silent atomic.Int64
			credential, src := newAdmitting(t, &entra.Observer{AuthDone: func(_ context.Context, info entra.AuthDoneInfo) {
				switch {
				case info.Err == nil:
				case strings.Contains(info.Err.Error(), "no answer to AUTH"):
					silent.Add(1)
				default:
					refused.Add(1)
				}
			}}, site)
			do := hold(t, site.addr, entraconn.NewDialer(src, nil).DialFunc(plainDial))
			talk := func(want string, args ...string) {
				t.Helper()
				if got := do(args...); got != want {
					t.Errorf("%q: %s, want %s", args, got, want)
				}
			}
			talk("string OK", "SET", "key", "value")
			isRefused := func() bool { return isSilent && silent.Load() > 0 || !isSilent && refused.Load() > 0 }
			for began := time.Now(); !isRefused() && time.Since(began) < hung; {
				talk("string OK", "MULTI") // no AUTH may go there, so one that is due goes behind EXEC
				talk("string QUEUED", "GET", "key")
				for range 2 {
					_, newer := src.Latest()
					<-newer
				}
				credential.revoke(t)
				talk("[]interface {} [value]", "EXEC")
				for i := range 100 {
					text := fmt.Sprint(i)
					talk("string "+text, "ECHO", text)
				}
				credential.admitAt(t, site)
			}
			_ = src.Close() // it waits until the observer was told
			if !isRefused() || !isSilent && silent.Load() > 0 {
				t.Errorf("%d AUTHs were refused in words, %d without an answer", refused.Load(), silent.Load())
			}
		})
	}
}

func holdGoRedis(t *testing.T, addr string, dial dialFunc) func(args ...string) string {
	client := newGoRedis(addr, dial, 3).(goRedis)
	conn := client.c.Conn()
	t.Cleanup(func() { conn.Close(); client.close() })
	return func(args ...string) string { return words(conn.Do(t.Context(), anys(args)...).Result()) }
}

func holdRueidis(t *testing.T, addr string, dial dialFunc) func(args ...string) string {
	client, err := openRueidis(addr, dial, rueidis.ClientOption{Dialer: net.Dialer{KeepAlive: -1}}) // no PINGs
	if err != nil {
		t.Fatal(err)
	}
	conn, release := client.c.Dedicate()
	t.Cleanup(func() { release(); client.close() })
	// The client's own connection would be renewed first, and the held one, not due yet, outside the transaction.
	own, err := client.c.Do(t.Context(), client.c.B().ClientId().Build()).AsInt64()
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Do(t.Context(), conn.B().ClientKill().Id(own).Build()).Error(); err != nil {
		t.Fatal(err)
	}
	return func(args ...string) string {
		return words(conn.Do(t.Context(), conn.B().Arbitrary(args[0]).Args(args[1:]...).Build()).ToAny())
	}
}

func holdRedigo(t *testing.T, addr string, dial dialFunc) func(args ...string) string {
	conn, err := redis.DialContext(t.Context(), "tcp", addr, redis.DialContextFunc(dial))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return func(args ...string) string {
		reply, err := conn.Do(args[0], anys(args[1:])...)
		if text, ok := reply.([]byte); ok {
			reply = string(text)
		}
		return words(reply, err)
	}
}
