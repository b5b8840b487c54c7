package entraconn_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
)

// Redis 6.0 asks the ACL about HELLO. A program whose user may not send it hears why its subscriptions end, once for each
// client.
func TestForbiddenHelloIsLoggedOnce(t *testing.T) {
	onLoggedScript(t, &entra.Options{}, func(s *site, server *scripted, log func() string) {
		server.hello = "-NOPERM this user has no permissions to run the 'hello' command or its subcommand\r\n"
		for i, name := range []string{"a", "b"} {
			open := s.dialer(&entraconn.Options{Library: "redigo", Name: name})
			for range 2 {
				c := open()
				c.do("PING", "+PONG")
				c.do("SUBSCRIBE channel", "+PONG")
				c.Close()
			}
			synctest.Wait() // the log is written in a goroutine of its own
			lines := strings.Count(log(), "may not send HELLO")
			if lines != i+1 || !strings.Contains(log(), "level=WARN") || !strings.Contains(log(), "library=redigo pool="+name+" server="+addr) {
				t.Errorf("%d lines after client %d: %s", lines, i, log())
			}
		}
		if !strings.Contains(log(), "remedy=\"add +hello") {
			t.Errorf("the log names no remedy: %s", log())
		}
	})
}

// A server that does not know HELLO, or not RESP3, is no matter of permissions.
func TestServerThatStaysInRESP2IsNotLogged(t *testing.T) {
	for _, answer := range []string{"-ERR unknown command 'HELLO'\r\n", "-NOPROTO unsupported protocol version\r\n", "*2\r\n$5\r\nproto\r\n:2\r\n"} {
		onLoggedScript(t, &entra.Options{}, func(s *site, server *scripted, log func() string) {
			server.hello = answer
			c := s.dialer(nil)()
			c.do("PING", "+PONG")
			c.do("SUBSCRIBE channel", "+PONG")
			c.Close()
			synctest.Wait()
			if strings.Contains(log(), "HELLO") {
				t.Errorf("%q: %s", answer, log())
			}
		})
	}
}
