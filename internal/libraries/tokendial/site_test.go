package tokendial_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/internal/libraries/tokendial"
)

const lives = "50ms 500ms"

func dialTCP(ctx context.Context, network, addr string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, addr)
}

func TestSiteSendsClientsToTheServers(t *testing.T) {
	s := newSite(t, "6379=127.0.0.1:40001 7000=127.0.0.1:40002", "", "")
	for addr, want := range map[string]string{
		":6379": "127.0.0.1:40001", "localhost:6379": "127.0.0.1:40001", "127.0.0.1:6379": "127.0.0.1:40001", "[::1]:7000": "127.0.0.1:40002",
		"127.0.0.1:6380": "127.0.0.1:6380", "redis.example:6379": "redis.example:6379", "/tmp/redis.sock": "/tmp/redis.sock", "127.0.0.1:40002": "127.0.0.1:40002",
	} {
		got := ""
		_, err := s.Dial(t.Context(), "tcp", addr, func(_ context.Context, _, addr string) (net.Conn, error) {
			got = addr
			return nil, io.ErrUnexpectedEOF
		})
		if got != want || err != io.ErrUnexpectedEOF {
			t.Errorf("%s leads to %s, error %v, want %s and the error of the dial", addr, got, err, want)
		}
	}
}

func TestSiteSaysWhichVariableIsWrong(t *testing.T) {
	for _, test := range []struct{ servers, own, tokens, variable string }{
		{"6379", "", "", tokendial.ServersVar},
		{"", "(", "", tokendial.OwnVar},
		{"", "", "50ms", tokendial.TokensVar},
		{"", "", "fifty 500ms", tokendial.TokensVar},
		{"", "", "500ms 50ms", tokendial.TokensVar},
		{"", "", "0s 50ms", tokendial.TokensVar},
	} {
		if s, err := tokendial.NewSite(test.servers, test.own, test.tokens); err == nil || !strings.Contains(err.Error(), test.variable) {
			t.Errorf("%+v: %v, error %v", test, s, err)
		}
	}
}

func TestConnectionsLogInWithTokensOnly(t *testing.T) {
	addr := startRedis(t)
	do(t, dial(t, newSite(t, "", "", ""), "tcp", addr), "ACL SETUSER "+tokendial.User+" on nopass ~* &* +@all")
	servers := "6379=" + addr
	for tokens, want := range map[string]string{"": "default", lives: tokendial.User} {
		c := dial(t, newSite(t, servers, "", tokens), "tcp", "localhost:6379")
		if got := do(t, c, "ACL WHOAMI"); got != want {
			t.Errorf("with tokens %q the user is %s, want %s", tokens, got, want)
		}
	}
	// A stand-in for a server is left alone.
	if got := do(t, dial(t, newSite(t, "", "", lives), "tcp", addr), "ACL WHOAMI"); got != "default" {
		t.Errorf("at another address the user is %s, want default", got)
	}
}

func TestTokensFollowEachOther(t *testing.T) {
	addr := startRedis(t)
	admin := dial(t, newSite(t, "", "", ""), "tcp", addr)
	do(t, admin, "ACL SETUSER "+tokendial.User+" on nopass ~* &* +@all")
	c := dial(t, newSite(t, "6379="+addr, "", "50ms 100ms"), "tcp", ":6379")
	calls := regexp.MustCompile(`cmdstat_auth:calls=(\d+)`)
	for auths := 0; auths < 5; {
		do(t, c, "PING")
		if found := calls.FindStringSubmatch(do(t, admin, "INFO commandstats")); found != nil {
			auths, _ = strconv.Atoi(found[1])
		}
	}
}

func TestServersOfTheTestsGetTheUser(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "redis.sock")
	startRedis(t, "--unixsocket", socket)
	s := newSite(t, "", `/redis\.sock$`, lives)
	for range 2 {
		if got := do(t, dial(t, s, "unix", socket), "ACL WHOAMI"); got != tokendial.User {
			t.Errorf("the user is %s, want %s", got, tokendial.User)
		}
	}
}

func newSite(t *testing.T, servers, own, tokens string) *tokendial.Site {
	t.Helper()
	s, err := tokendial.NewSite(servers, own, tokens)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func startRedis(t *testing.T, args ...string) (addr string) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: this needs a redis-server and the tokens of a real clock")
	}
	server, err := entratest.StartRedis(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server.Addr()
}

func dial(t *testing.T, s *tokendial.Site, network, addr string) net.Conn {
	t.Helper()
	c, err := s.Dial(t.Context(), network, addr, dialTCP)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// do sends a command of words and returns its reply, a line or a bulk string.
func do(t *testing.T, c net.Conn, command string) string {
	t.Helper()
	words := strings.Fields(command)
	var request strings.Builder
	fmt.Fprintf(&request, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(&request, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := io.WriteString(c, request.String()); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(c)
	line, err := in.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, "$") {
		return line[1:]
	}
	var length int
	if _, err := fmt.Sscanf(line, "$%d", &length); err != nil {
		t.Fatal(err)
	}
	text := make([]byte, length+2)
	if _, err := io.ReadFull(in, text); err != nil {
		t.Fatal(err)
	}
	return string(text[:length])
}
