package misconfigurations

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
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
	known   time.Duration // until the first attempt had failed, 0 if none had
	hasFail bool          // an attempt had failed
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
	synctest.Test(t, func(t *testing.T) {
		network := entratest.NewNetwork()
		listener, err := network.Listen(addr)
		if err != nil {
			t.Fatal(err)
		}
		gateway := entratest.NewGateway(listener, &entratest.GatewayOptions{STS: sts})
		defer gateway.Close()
		fault := m.fault
		fault.Delay = answersAfter
		sts.Inject(fault)
		var log bytes.Buffer
		began := time.Now()
		src, err := entra.NewSource(cred, &entra.Options{
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
			Observer: &entra.Observer{AttemptDone: func(_ context.Context, i entra.AttemptDoneInfo) {
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

// column says when the caller was told, or that it was not. go-redis dials again after random waits,
// so there is no time for what the network says.
func (m *misconfiguration) column(c client, r report) string {
	switch {
	case m.kind != "":
		return fmt.Sprintf(" [told after %v]", r.took)
	case !strings.Contains(r.err.Error(), "dial"):
		return fmt.Sprintf(" [%s hides the cause]", c.name)
	}
	return ""
}

// judge fails the test unless the caller is told the cause in time.
func (m *misconfiguration) judge(t *testing.T, c client, r report) {
	t.Helper()
	if m.kind == "" {
		return
	}
	refresh, ok := errors.AsType[*entra.RefreshError](r.err)
	if !ok || refresh.Kind != m.kind {
		t.Errorf("%s, %s: the caller got %v, want a *entra.RefreshError of kind %s", m.name, c.name, r.err, m.kind)
	}
	if r.took > 3*time.Second || r.hasFail && r.known < r.took-time.Second {
		t.Errorf("%s, %s: the caller got the reason after %v, it was known after %v", m.name, c.name, r.took, r.known)
	}
	if !strings.Contains(r.log, "kind="+string(m.kind)) {
		t.Errorf("%s, %s: the log does not name the cause: %s", m.name, c.name, r.log)
	}
}

var moments = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`)

// timeless returns text without its moments, which are random.
func timeless(text string) string { return moments.ReplaceAllString(text, "TIME") }
