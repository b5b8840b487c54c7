package differential

import (
	"bufio"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"

	"github.com/entraredis/entraredis/core/entraconn"
)

// commands returns each command and subcommand that the server knows, with as many arguments as it needs at least. Left
// out are those that end the server or the connection, and those that cannot run twice at the same time.
func (s *site) commands(t *testing.T) (all [][]string) {
	t.Helper()
	var add func(entries any)
	add = func(entries any) {
		list, err := redis.Values(entries, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range list {
			info, err := redis.Values(entry, nil)
			if err != nil {
				t.Fatal(err)
			}
			name, _ := redis.String(info[0], nil)
			arity, _ := redis.Int(info[1], nil)
			words := strings.Split(name, "|")
			for len(words) < max(arity, -arity) {
				words = append(words, "x")
			}
			switch name {
			case "shutdown", "save", "bgsave", "bgrewriteaof", "host:", "post":
			case "psync":
				all = append(all, []string{name, "?", "-1"}) // depends on what others have sent, if it is not this
			default:
				all = append(all, words)
			}
			if len(info) > 9 { // since 7.0
				add(info[9])
			}
		}
	}
	reply, err := s.admin.Do("COMMAND")
	if err != nil {
		t.Fatal(err)
	}
	add(reply)
	return append(all, []string{"script", "debug", "x"}) // 6.0 names no subcommands
}

var digits = regexp.MustCompile(`\d+`)

// firstLine sends commands in one write, and returns the line with which the answer to the last one begins: as it is if
// it is an error, and else its type.
func firstLine(t *testing.T, conn net.Conn, commands ...[]string) string {
	t.Helper()
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(hung)); err != nil {
		t.Fatal(err)
	}
	var p []byte
	for _, words := range commands {
		p = append(p, encoded(words...)...)
	}
	if _, err := conn.Write(p); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	for i := 0; ; {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("%q: %q, %v", commands, line, err)
		}
		if line == "\n" { // SYNC, while it prepares the data
			continue
		}
		if i++; i < len(commands) {
			continue
		}
		if line[0] == '-' {
			return digits.ReplaceAllString(line, "0")
		}
		return line[:1]
	}
}

// This catches a command that a server refuses behind an unanswered one, and so behind our login, when it is the first on
// a connection. Which ones these are is asked of the server, so that a new one fails this test.
func TestAnyCommandMayBeTheFirstOfAConnection(t *testing.T) {
	site := newSite(t)
	site.do(t, "CONFIG", "SET", "repl-diskless-sync-delay", "0")
	dial := entraconn.NewDialer(oneToken(t), nil).DialFunc(plainDial)
	open := func(dial dialFunc) net.Conn {
		conn, err := dial(t.Context(), "tcp", site.addr)
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	var alone []string
	all := site.commands(t)
	for _, words := range all {
		want := firstLine(t, site.loggedIn(t, open(plainDial)), words)
		if behind := firstLine(t, site.loggedIn(t, open(plainDial)), []string{"PING"}, words); behind != want {
			alone = append(alone, strings.Join(words, " "))
		}
		if got := firstLine(t, open(dial), words); got != want {
			t.Errorf("%q: %q is the answer to a plain connection, ours gets %q", words, want, got)
		}
	}
	t.Logf("%d commands, of which the server refuses behind another one: %q", len(all), alone)
	if len(all) < 150 || len(alone) < 3 {
		t.Errorf("%d commands, %d of which stand alone: the server was not asked", len(all), len(alone))
	}
}
