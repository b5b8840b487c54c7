// Package main_test runs the program as users do, with redis-cli and redis-benchmark in front of it and a redis-server
// that wants tokens behind it.
package main_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// cli runs redis-cli with the input, and returns what it prints.
func cli(t *testing.T, addr, input string, args ...string) string {
	t.Helper()
	if hostname, port, err := net.SplitHostPort(addr); err == nil {
		args = append([]string{"-h", hostname, "-p", port}, args...)
	} else {
		args = append([]string{"-s", addr}, args...)
	}
	cmd := exec.CommandContext(t.Context(), "redis-cli", args...)
	cmd.Stdin = strings.NewReader(input)
	out, _ := cmd.CombinedOutput() // the output says what went wrong
	return strings.TrimSpace(string(out))
}

func TestRedisCLI(t *testing.T) {
	t.Parallel()
	a := startAzure(t)
	p := a.start(t)
	for _, test := range []struct {
		input string
		args  []string
		want  string
	}{
		{args: []string{"SET", "k", "v"}, want: "OK"},
		{args: []string{"GET", "k"}, want: "v"},
		{args: []string{"-3", "HGETALL", "nothing"}, want: ""},
		{args: []string{"ACL", "WHOAMI"}, want: "entratest-"},
		{args: []string{"-x", "SET", "big"}, input: strings.Repeat("x", 3_000_000), want: "OK"},
		{args: []string{"STRLEN", "big"}, want: "3000000"},
		{args: []string{"--pipe"}, input: strings.Repeat("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nw\r\n", 20_000), want: "replies: 20000"},
		{input: "GET k\nINCR n\nINCR n\n", want: "w\n1\n2"},
		{args: []string{"-a", "password", "--no-auth-warning", "PING"}, want: "AUTH failed: ERR AUTH is not accepted here: the proxy logs in with its own identity"},
		{args: []string{"-3", "--user", "u", "--pass", "password", "--no-auth-warning", "PING"}, want: "AUTH failed: ERR AUTH is not accepted here"},
	} {
		if got := cli(t, p.addr, test.input, test.args...); !strings.Contains(got, test.want) {
			t.Errorf("redis-cli %v: %q, want %q", test.args, got, test.want)
		}
	}
	for _, auth := range a.gateway.Auths() {
		if auth.User != entratest.ObjectID || auth.Err != "" {
			t.Errorf("the cache got the AUTH %+v", auth)
		}
	}
	last, code := p.terminate()
	if !strings.HasPrefix(last, "proxy: drained clients=") || !strings.HasSuffix(last, "cut_off=0") || code != 0 {
		t.Errorf("exit code %d after %q", code, last)
	}
	if text := p.stderr.String(); strings.Contains(text, "password") || strings.Count(text, "client refused") != 1 {
		t.Errorf("standard error: %s", text)
	}
}

// nc and scripts close their sending direction at the end of their input, and then read.
func TestHalfClosedClientOfARealServer(t *testing.T) {
	t.Parallel()
	a := startAzure(t)
	p := a.start(t)
	big := strings.Repeat("x", 10_000_000)
	for _, test := range []struct{ commands, replies string }{
		{"*1\r\n$4\r\nPING\r\n", "+PONG\r\n"},
		{"*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$10000000\r\n" + big + "\r\n", "+OK\r\n"},
		{strings.Repeat("*2\r\n$3\r\nGET\r\n$3\r\nbig\r\n", 3), strings.Repeat("$10000000\r\n"+big+"\r\n", 3)},
		{"*1\r\n$5\r\nMULTI\r\n*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n", "+OK\r\n+QUEUED\r\n"},
		{"*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\nc\r\n", "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n"},
		{"*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n*2\r\n$3\r\nGET\r\n$1\r\nn\r\n", "_\r\n"},
	} {
		conn, err := net.Dial("tcp", p.addr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, test.commands); err != nil {
			t.Fatal(err)
		}
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(conn)
		if err != nil || !strings.HasSuffix(string(got), test.replies) || test.replies[0] != '_' && len(got) != len(test.replies) {
			t.Errorf("%.60q: %d bytes that begin with %.60q, %v; want %d", test.commands, len(got), got, err, len(test.replies))
		}
		conn.Close()
	}
}

func TestRedisBenchmark(t *testing.T) {
	t.Parallel()
	a := startAzure(t)
	p := a.start(t)
	hostname, port, err := net.SplitHostPort(p.addr)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-h", hostname, "-p", port, "-c", "50", "-P", "16", "-n", "20000", "-q", "-t", "ping,set,get,lpush,lrange_100,mset"}
	out, err := exec.CommandContext(t.Context(), "redis-benchmark", args...).CombinedOutput()
	if err != nil || strings.Contains(string(out), "rror") || strings.Count(string(out), "requests per second") < 6 {
		t.Errorf("%v\n%s", err, out)
	}
	_, metrics := p.get("/metrics")
	for _, want := range []string{
		"entraredis_proxy_client_accepted_total", "entraredis_proxy_client_open", `entraredis_proxy_client_failed_total{`,
		`reason="client_login"`, "entraredis_token_", "entraredis_connection_",
	} {
		if !strings.Contains(metrics, "\n"+want) && !strings.Contains(metrics, want) {
			t.Errorf("no %s in\n%s", want, metrics)
		}
	}
	if strings.Contains(metrics, "eyJ") {
		t.Error("a token is in the metrics")
	}
}

// It is ready while it has a token that the cache accepts, and says why it is not.
func TestReadiness(t *testing.T) {
	t.Parallel()
	a := startAzure(t)
	p := a.start(t)
	if code, body := p.get("/readyz"); code != 200 || body != "ready\n" {
		t.Errorf("%d %q", code, body)
	}
	if logins := a.gateway.Stats().Logins; logins != 1 {
		t.Errorf("%d logins, want one, of the check", logins)
	}
	p.get("/readyz")
	if logins := a.gateway.Stats().Logins; logins != 1 {
		t.Errorf("%d logins, want the first one to be used again", logins)
	}
	refusing := a.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS invalid username-password pair"})
	a.gateway.DropAll()
	if code, body := p.get("/readyz"); code != 503 || !strings.Contains(body, "WRONGPASS") || strings.Contains(body, "eyJ") {
		t.Errorf("%d %q, want 503 and what the cache says", code, body)
	}
	if code, body := p.get("/livez"); code != 200 {
		t.Errorf("%d %q", code, body)
	}
	refusing.Remove()
	for code, body := 0, ""; code != 200; {
		if code, body = p.get("/readyz"); code != 200 && !strings.Contains(body, "WRONGPASS") {
			t.Fatalf("%d %q", code, body)
		}
	}
}

// A connection on which the replies are off ends with its client too, and does not hold up the end of the program: Redis
// does not answer QUIT on it, and does not close it.
func TestClientThatHasTurnedRepliesOff(t *testing.T) {
	t.Parallel()
	a := startAzure(t)
	p := a.start(t, "-drain", "5m")
	commands := map[string]string{
		"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n": "+PONG\r\n",
		"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$4\r\nSKIP\r\n":                                         "+PONG\r\n",
	}
	var open []net.Conn
	for _, stays := range []bool{false, true} {
		for command, replies := range commands {
			conn, err := net.Dial("tcp", p.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprint(conn, "*1\r\n$4\r\nPING\r\n"+command)
			if stays {
				if _, err := io.ReadFull(conn, make([]byte, len(replies))); err != nil {
					t.Fatal(err)
				}
				open = append(open, conn)
				continue
			}
			if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if got, err := io.ReadAll(conn); string(got) != replies || err != nil || time.Since(began) > 20*time.Second {
				t.Errorf("%q: %q, %v after %v; want %q soon", command, got, err, time.Since(began), replies)
			}
		}
	}
	if last, code := p.terminate(); last != "proxy: drained clients=4 cut_off=0" || code != 0 {
		t.Errorf("exit code %d after %q", code, last)
	}
	for _, conn := range open {
		if got, err := io.ReadAll(conn); len(got) != 0 || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	}
}

// A line without an array means what it means to Redis.
func TestInlineCommandsMeanTheSame(t *testing.T) {
	t.Parallel()
	a := startAzure(t)
	p := a.start(t)
	for line, want := range map[string]string{
		`ECHO "a\x41\xfe\n\r\t\b\a\q\"\\"`: "aA\xfe\n\r\t\b\aq\"\\", `ECHO 'a\x41\'\n"'`: `a\x41'\n"`, `ECHO a\x41`: `a\x41`, `ECHO ""`: "",
		` ECHO` + "\t" + `a"b c"`: "ab c", `ECHO "\x4"`: "x4",
	} {
		conn, err := net.Dial("tcp", p.addr)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "%s\r\nQUIT\r\n", line)
		if got, err := io.ReadAll(conn); string(got) != fmt.Sprintf("$%d\r\n%s\r\n+OK\r\n", len(want), want) || err != nil {
			t.Errorf("%s: %q, %v; want %q", line, got, err, want)
		}
		conn.Close()
	}
}

// A client that waits in BLPOP is cut off when the time is over, and the program is not ready meanwhile.
func TestTermination(t *testing.T) {
	t.Parallel()
	a := startAzure(t)
	p := a.start(t, "-drain", "500ms")
	idle, err := net.Dial("tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	blocked, err := net.Dial("tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer blocked.Close()
	fmt.Fprint(blocked, "*3\r\n$5\r\nBLPOP\r\n$1\r\nq\r\n$1\r\n0\r\n")
	for a.gateway.Stats().Commands < 2 { // its login and BLPOP
		p.get("/livez")
	}
	if last, code := p.terminate(); last != "proxy: drained clients=2 cut_off=1" || code != 0 {
		t.Errorf("exit code %d after %q", code, last)
	}
}

func TestSocket(t *testing.T) {
	t.Parallel()
	a := startAzure(t)
	path := filepath.Join(t.TempDir(), "redis.sock")
	p := a.launch(t, "-listen", path)
	if line, want := p.nextLine(), "proxy: "+path+" leads to "+a.gateway.Addr(); line != want {
		t.Errorf("%q, want %q", line, want)
	}
	if file, err := os.Lstat(path); err != nil || file.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", file, err)
	}
	if got := cli(t, path, "", "PING"); got != "PONG" {
		t.Errorf("redis-cli: %q", got)
	}
	if _, code := p.terminate(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func TestProgramSaysWhyItDoesNotStart(t *testing.T) {
	t.Parallel()
	a := startAzure(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-listen", "0.0.0.0:0"}, 1, "other machines could use the cache as this identity"},
		{[]string{"-listen", taken.Addr().String()}, 1, "address already in use"},
		{[]string{"-cache", "contoso"}, 2, "-cache"},
		{[]string{"-help"}, 0, "-allow-remote"},
	} {
		p := a.launch(t, test.args...)
		if code := p.exitCode(); code != test.code || !strings.Contains(p.stderr.String(), test.want) {
			t.Errorf("%v: exit code %d and %q, want %d and %q", test.args, code, p.stderr, test.code, test.want)
		}
	}
	a.sts.Inject(entratest.Fault{Status: 400, Body: `{"error":"invalid_request","error_description":"Identity not found"}`})
	p := a.launch(t, "-listen", "127.0.0.1:0")
	if code := p.exitCode(); code != 1 || !strings.Contains(p.stderr.String(), "rejected") {
		t.Errorf("without an identity: exit code %d and %q", code, p.stderr)
	}
}
