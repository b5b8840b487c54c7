//go:build newest

// The texts of clients are those of their newest versions.
package misconfigurations

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

var update = flag.Bool("update", false, "write testdata/first_command.golden")

// answersAfter is how long Entra and command line tools take for an answer.
const answersAfter = 10 * time.Millisecond

// A report is what a program sees.
type report struct {
	err     error
	took    time.Duration // until the caller got err
	known   time.Duration // until the first attempt or login had failed, 0 if none had
	hasFail bool          // one had
	log     string
}

func TestFirstCommandSaysWhatIsWrong(t *testing.T) {
	var got strings.Builder
	for _, m := range misconfigurations() {
		fmt.Fprintf(&got, "== %s\n", m.name)
		logged := ""
		for _, c := range clients() {
			r := m.meet(t, c)
			m.judge(t, c, r)
			fmt.Fprintf(&got, "%s: %s%s\n", c.name, timeless(r.err.Error()), m.column(c, r))
			if logged == "" {
				logged = timeless(r.log)
			}
		}
		fmt.Fprintf(&got, "log: %s\n", logged)
	}
	golden := filepath.Join("testdata", "first_command.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("other texts than in %s; if they are meant, run go test ./internal/misconfigurations -update\n%s", golden, diff)
	}
}

// meet lets a client send its first command.
func (m *misconfiguration) meet(t *testing.T, c client) (r report) {
	t.Helper()
	sts := entratest.NewSTS(nil)
	cred := m.cred(t, sts)
	serverTLS, clientTLS, err := entratest.TLSConfigs("10.6.3.80", "contoso.redis.cache.windows.net")
	if err != nil {
		t.Fatal(err)
	}
	clientTLS.ServerName = "10.6.3.80"
	if m.host != "" {
		clientTLS.ServerName = m.host
	}
	synctest.Test(t, func(t *testing.T) {
		network := entratest.NewNetwork()
		listener, err := network.Listen(addr)
		if err != nil {
			t.Fatal(err)
		}
		served := &entratest.GatewayOptions{STS: sts, Dialect: m.server.dialect}
		if m.server.withTLS {
			served.TLS = serverTLS
		}
		if m.server.isSilent {
			listener = silent{listener}
		}
		gateway := entratest.NewGateway(listener, served)
		defer gateway.Close()
		fault := m.fault
		fault.Delay = answersAfter
		sts.Inject(fault)
		if m.server.refuses != "" {
			gateway.Inject(entratest.WireFault{RefuseAuth: m.server.refuses})
		}
		var log bytes.Buffer
		began := time.Now()
		src, err := entra.NewSource(cred, &entra.Options{
			Username: m.user,
			Logger:   slog.New(slog.NewTextHandler(&log, nil)),
			Observer: &entra.Observer{AttemptDone: func(_ context.Context, i entra.AttemptDoneInfo) {
				if i.Err != nil && !r.hasFail {
					r.hasFail, r.known = true, time.Since(began)
				}
			}, AuthDone: func(_ context.Context, i entra.AuthDoneInfo) {
				if i.Err != nil && !r.hasFail {
					r.hasFail, r.known = true, time.Since(began)
				}
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		dial := m.dial
		if dial == nil {
			dial = network.DialContext
		}
		if m.overTLS {
			dial = secured(dial, clientTLS)
		}
		r.err = c.first(ctx, src, dial)
		r.took = time.Since(began)
		if r.err == nil {
			t.Fatal("the command succeeded")
		}
		time.Sleep(4*time.Second - r.took) // the log gets a line after 3 seconds of silence
		_ = src.Close()                    // which ends the writing to log
		r.log = strings.TrimSpace(log.String())
		time.Sleep(time.Minute) // go-redis lets a dial that is under way try to the end
	})
	return r
}

// secured has dial return connections on which the adapters make a TLS handshake.
func secured(dial dialFunc, config *tls.Config) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return tls.Client(conn, config), nil
	}
}

// A silent listener keeps its connections to itself, and answers nothing.
type silent struct{ net.Listener }

func (l silent) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		go func() {
			_, _ = io.Copy(io.Discard, conn)
			_ = conn.Close() // the client has closed it
		}()
	}
}

// column says when the caller was told, or that it was not. go-redis dials again after random waits,
// so there is no time for what the network says.
func (m *misconfiguration) column(c client, r report) string {
	switch {
	case m.kind != "":
		return fmt.Sprintf(" [told after %v]", r.took)
	case m.refusal != "":
		return " [told within a second of the refusal]"
	case !strings.Contains(r.err.Error(), m.network):
		return fmt.Sprintf(" [%s hides the cause]", c.name)
	case m.isMute:
		return " [the server says nothing]"
	}
	return ""
}

// judge fails the test unless the caller is told the cause in time, and the log as well.
func (m *misconfiguration) judge(t *testing.T, c client, r report) {
	t.Helper()
	inLog := ""
	switch {
	case m.kind != "":
		var refresh *entra.RefreshError
		if !errors.As(r.err, &refresh) || refresh.Kind != m.kind {
			t.Errorf("%s, %s: the caller got %v, want a *entra.RefreshError of kind %s", m.name, c.name, r.err, m.kind)
		}
		inLog = "kind=" + string(m.kind)
	case m.refusal != "":
		var refused *entra.AuthError
		if !errors.As(r.err, &refused) || !strings.Contains(refused.Error(), m.refusal) {
			t.Errorf("%s, %s: the caller got %v, want a *entra.AuthError with %q", m.name, c.name, r.err, m.refusal)
		}
		inLog = m.refusal
	default:
		return
	}
	if r.took > 3*time.Second || r.hasFail && r.known < r.took-time.Second {
		t.Errorf("%s, %s: the caller got the reason after %v, it was known after %v", m.name, c.name, r.took, r.known)
	}
	if !strings.Contains(r.log, inLog) {
		t.Errorf("%s, %s: the log does not name the cause: %s", m.name, c.name, r.log)
	}
}

var moments = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`)

// timeless returns text without its moments, which are random.
func timeless(text string) string { return moments.ReplaceAllString(text, "TIME") }
