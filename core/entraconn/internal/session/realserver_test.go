package session_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
	"github.com/entraredis/entraredis/core/entratest"
)

// A wire is a connection to a redis-server. With a session AUTHs go in wherever that allows.
type wire struct {
	t       *testing.T
	conn    net.Conn
	session *session.Session // nil: nothing is put in
	auth    testAuth
	held    []byte
	got     []byte // what the client has read
	auths   int    // that the server has accepted
	markers int
}

// startRedis starts a redis-server with two users, for whom every password is right: us may do
// everything, and few may not use the commands that give no reply.
func startRedis(t *testing.T, args ...string) (addr string) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short starts no redis-server")
	}
	server, err := entratest.StartRedis(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	admin := dialPlain(t, server.Addr())
	admin.ask("ACL SETUSER us on nopass ~* &* +@all")
	admin.ask("ACL SETUSER few on nopass ~* &* +@all -client|reply -replconf")
	return server.Addr()
}

// dialPlain returns a connection on which nothing is put in.
func dialPlain(t *testing.T, addr string) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil { // ends a read that waits in vain
		t.Fatal(err)
	}
	return &wire{t: t, conn: conn}
}

// dialRenewed returns a connection that has logged in as that user and is renewed with each write.
func dialRenewed(t *testing.T, addr, user string) *wire {
	t.Helper()
	w := dialPlain(t, addr)
	w.session = &session.Session{}
	w.session.Init(false)
	w.auth = testAuth{wire: string(modelserver.Encode("AUTH " + user + " " + modelserver.OurPassword))}
	w.plan(nil, w.auth.login()())
	for w.auths == 0 {
		w.read()
	}
	return w
}

// dialBoth returns a connection of each kind for a user.
func dialBoth(t *testing.T, addr, user string) (plain, renewed *wire) {
	plain = dialPlain(t, addr)
	plain.ask("AUTH " + user + " password")
	plain.got, plain.markers = nil, 0
	return plain, dialRenewed(t, addr, user)
}

// send writes commands at once.
func (w *wire) send(commands ...string) {
	w.t.Helper()
	p := modelserver.Encode(commands...)
	if w.session == nil {
		w.writeOut(p)
		return
	}
	for w.session.HoldsBack() && !w.session.Ready() {
		w.read()
	}
	w.plan(append(w.held, p...), &w.auth)
	for len(w.held) > 0 {
		for !w.session.Ready() {
			w.read()
		}
		w.plan(w.held, &w.auth)
	}
}

func (w *wire) plan(p []byte, wanted session.Auth) {
	w.t.Helper()
	edits, _, taken := w.session.Plan(p, wanted, w.auth.login(), &standstill{})
	w.held = bytes.Clone(p[taken:])
	edited := session.Edited{Input: p[:taken], Edits: edits}
	for piece := edited.Next(); len(piece) > 0; piece = edited.Next() {
		w.writeOut(piece)
	}
}

func (w *wire) writeOut(p []byte) {
	w.t.Helper()
	if _, err := w.conn.Write(p); err != nil {
		w.t.Fatal(err)
	}
}

// read reads once.
func (w *wire) read() {
	w.t.Helper()
	buf := make([]byte, 4096)
	n, err := w.conn.Read(buf)
	if err != nil && err != io.EOF || n == 0 {
		w.t.Fatalf("%v, after %q", err, w.got)
	}
	if w.session == nil {
		w.got = append(w.got, buf[:n]...)
		return
	}
	kept, after, err := w.session.Received(buf[:n], w.session.TakeExpected(buf[:n]), &standstill{})
	w.got = append(append(w.got, buf[:kept]...), after...)
	if err != nil {
		w.t.Fatalf("%v, after %q", err, w.got)
	}
	for _, v := range w.session.TakeAnswers().Verdicts {
		if !v.OK {
			w.t.Fatalf("AUTH was answered with %q, %+v", v.Line, v)
		}
		w.auths++
	}
}

// sync reads until the server has answered all that was sent.
func (w *wire) sync() {
	w.t.Helper()
	w.markers++
	marker := fmt.Sprintf("marker-%d", w.markers)
	w.send("ECHO " + marker)
	for !bytes.HasSuffix(w.got, []byte(marker+"\r\n")) {
		w.read()
	}
}

// ask sends a command, and returns what was read until its reply had ended.
func (w *wire) ask(command string) string {
	w.t.Helper()
	from := len(w.got)
	w.send(command)
	w.sync()
	return string(w.got[from:])
}

// clientCommands returns all that the server knows of CLIENT.
func clientCommands(t *testing.T, addr string) (all []string) {
	t.Helper()
	list := dialPlain(t, addr).ask("COMMAND LIST FILTERBY PATTERN client|*")
	for _, m := range regexp.MustCompile(`client\|([a-z-]+)`).FindAllStringSubmatch(list, -1) {
		all = append(all, "CLIENT "+m[1])
	}
	if len(all) < 10 {
		t.Fatalf("the server knows only %q", all)
	}
	return all
}

// The server decides over which commands CLIENT CACHING holds. Where an AUTH in between ends that,
// the read that follows is not tracked, and the client's cache is stale for ever.
func TestAuthLeavesCachingToTheReadThatItIsFor(t *testing.T) {
	addr := startRedis(t)
	holds, ends := 0, 0
	for _, between := range append(clientCommands(t, addr), "CLIENT ID x", "CLIENT NO-TOUCH ON", "CLIENT SETNAME me",
		"CLIENT REPLY ON", "CLIENT UNBLOCK 1", "CLIENT NO-SUCH", "CLIENT", "READONLY", "ECHO x", "GET other", "NO-SUCH", "WATCH x") {
		plain, renewed := dialBoth(t, addr, "us")
		var invalidated [2]bool
		for i, w := range []*wire{plain, renewed} {
			w.ask("HELLO 3")
			w.ask("CLIENT TRACKING ON OPTIN")
			w.send("CLIENT CACHING YES")
			w.send(between)
			w.send("GET k")
			w.sync()
			dialPlain(t, addr).ask("SET k v")
			invalidated[i] = strings.Contains(w.ask("ECHO x"), "invalidate")
		}
		if invalidated[0] {
			holds++
		} else {
			ends++
		}
		if invalidated[0] != invalidated[1] {
			t.Errorf("%s: tracked %v without AUTHs, %v with them", between, invalidated[0], invalidated[1])
		}
		if renewed.auths < 4 {
			t.Errorf("%s: only %d AUTHs found a place", between, renewed.auths)
		}
	}
	if holds < 10 || ends < 4 {
		t.Errorf("CLIENT CACHING holds over %d commands and ends at %d: hardly anything was tested", holds, ends)
	}
}

// The server may obey or refuse what gives no reply. Each AUTH is answered as one, and the client
// reads what it reads without AUTHs.
func TestCommandsWithoutAReplyOnARealServer(t *testing.T) {
	addr := startRedis(t)
	for _, commands := range [][]string{
		{"CLIENT REPLY SKIP", "SET k v", "GET k"},
		{"CLIENT REPLY SKIP", "SET k v", "CLIENT REPLY SKIP", "SET k w", "GET k", "INCR k", "GET k"},
		{"CLIENT REPLY SKIP", "INCR k", "INCR k", "LPUSH k x", "GET k"},
		{"CLIENT REPLY SKIP", "GET k", "MULTI", "GET k", "EXEC", "CLIENT REPLY SKIP", "SET k 7"},
		{"REPLCONF ACK 0", "GET k"},
		{"REPLCONF ACK 0", "REPLCONF GETACK *", "INCR k", "REPLCONF ACK 0", "LPUSH k x"},
		{"REPLCONF listening-port 6380", "REPLCONF capa psync2 ACK 0", "REPLCONF ACK", "GET k"},
	} {
		for _, user := range []string{"us", "few"} {
			for _, apart := range []bool{false, true} {
				plain, renewed := dialBoth(t, addr, user)
				for _, w := range []*wire{plain, renewed} {
					dialPlain(t, addr).ask("SET k v")
					if apart {
						for _, c := range commands {
							w.send(c)
						}
					} else {
						w.send(commands...)
					}
					for range 3 {
						w.sync()
					}
				}
				if !bytes.Equal(plain.got, renewed.got) {
					t.Errorf("%s, %q, apart %v: the client read\n%q, and without AUTHs\n%q", user, commands, apart, renewed.got, plain.got)
				}
				if renewed.auths < 2 {
					t.Errorf("%s, %q, apart %v: %d AUTHs", user, commands, apart, renewed.auths)
				}
			}
		}
	}
}

// While a script runs for long, the server refuses CLIENT REPLY SKIP, but no AUTH.
func TestReplySkipWhileAScriptRuns(t *testing.T) {
	addr := startRedis(t, "--busy-reply-threshold", "1")
	admin, script := dialPlain(t, addr), dialPlain(t, addr)
	w := dialRenewed(t, addr, "us")
	w.sync()
	auths := w.auths
	script.writeOut([]byte("*3\r\n$4\r\nEVAL\r\n$20\r\nwhile true do end   \r\n$1\r\n0\r\n"))
	for busy := false; !busy; {
		from := len(admin.got)
		admin.send("PING")
		for !bytes.HasSuffix(admin.got[from:], []byte("\r\n")) || len(admin.got) == from {
			admin.read()
		}
		busy = bytes.HasPrefix(admin.got[from:], []byte("-BUSY"))
	}
	from := len(w.got)
	w.send("CLIENT REPLY SKIP", "SET k v")
	w.send() // an AUTH alone
	for w.auths < auths+2 {
		w.read()
	}
	if n := strings.Count(string(w.got[from:]), "-BUSY"); n != 2 {
		t.Errorf("the client read %q", w.got[from:])
	}
	admin.send("SCRIPT KILL")
	script.read() // the script has ended
	w.sync()
	if why, _ := w.session.BarredBy(); why != session.Renewable {
		t.Errorf("barred by %q", why)
	}
}

// A HELLO 3 behind a call that is sent in slices waits until the client can have the reply. On a
// plain connection the server runs it at once when the call ends, and sends what the push to that
// key has invalidated after it, in RESP3. If HELLO comes later, the server drops the invalidation,
// because a RESP2 client gets none: with a plain connection whose client waits for the reply as well.
func TestServerDropsInvalidationsBeforeHello(t *testing.T) {
	addr := startRedis(t)
	admin := dialPlain(t, addr)
	for _, tc := range []struct {
		name        string
		renewed     bool
		apart       bool
		invalidated bool
	}{
		{name: "plain, written at once", invalidated: true},
		{name: "plain, HELLO after the reply", apart: true},
		{name: "renewed, written at once", renewed: true},
		{name: "renewed, HELLO after the reply", renewed: true, apart: true},
	} {
		w := dialPlain(t, addr)
		if tc.renewed {
			w = dialRenewed(t, addr, "us")
		}
		w.ask("CLIENT TRACKING ON BCAST")
		w.got = nil
		p := modelserver.Encode("BLPOP queue 0", "HELLO 3")
		if tc.apart {
			p = modelserver.Encode("BLPOP queue 0")
		}
		if tc.renewed {
			w.plan(p, nil)
		} else {
			w.writeOut(p)
		}
		for !strings.Contains(admin.ask("INFO clients"), "blocked_clients:1\r\n") {
		}
		admin.ask("RPUSH queue job")
		for !bytes.Contains(w.got, []byte("$3\r\njob\r\n")) {
			w.read()
		}
		if tc.apart {
			w.send("HELLO 3")
		} else {
			w.send()
		}
		w.sync()
		if got := bytes.Contains(w.got, []byte("invalidate")); got != tc.invalidated || !bytes.Contains(w.got, []byte("proto\r\n:3\r\n")) {
			t.Errorf("%s: invalidated %v; the client read %q", tc.name, got, w.got)
		}
	}
}
