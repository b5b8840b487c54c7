package slogentra_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/otel/slogentra"
)

// A log keeps its lines.
type log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *log) logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: level}))
}

// take returns the lines since it was last called.
func (l *log) take() string {
	synctest.Wait() // for the goroutine that writes
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	return l.text.String()
}

// A program is a Source, and connections of it to a gateway.
type program struct {
	src     *entra.Source
	gateway *entratest.Gateway
	sts     *entratest.STS
	conns   []net.Conn
	tokens  []string // every secret that it had
}

func run(t *testing.T, obs *entra.Observer, conns int) *program {
	t.Helper()
	p := &program{sts: entratest.NewSTS(nil)}
	network := entratest.NewNetwork()
	l, err := network.Listen("10.0.0.4:6380")
	if err != nil {
		t.Fatal(err)
	}
	p.gateway = entratest.NewGateway(l, &entratest.GatewayOptions{STS: p.sts})
	cred, err := p.sts.ClientSecretCredential()
	if err != nil {
		t.Fatal(err)
	}
	p.src, err = entra.NewSource(cred, &entra.Options{Observer: obs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, c := range p.conns {
			_ = c.Close()
		}
		_, _ = p.src.Close(), p.gateway.Close()
	})
	p.note(t)
	dial := entraconn.NewDialer(p.src, &entraconn.Options{Library: "plain", Name: "carts", AllowPlaintext: true}).DialFunc(network.DialContext)
	for range conns {
		c, err := dial(t.Context(), "tcp", "10.0.0.4:6380")
		if err != nil {
			t.Fatal(err)
		}
		p.conns = append(p.conns, c)
		ping(t, c)
	}
	return p
}

// note remembers the current token.
func (p *program) note(t *testing.T) {
	t.Helper()
	tok, err := p.src.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, secret := tok.Credentials()
	p.tokens = append(p.tokens, secret)
}

func ping(t *testing.T, c net.Conn) {
	t.Helper()
	if _, err := c.Write([]byte("*1\r\n$4\r\nPING\r\n")); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, len("+PONG\r\n"))
	if _, err := io.ReadFull(c, answer); err != nil || string(answer) != "+PONG\r\n" {
		t.Fatalf("%q, %v", answer, err)
	}
}

// masked replaces what differs from run to run.
func masked(text string) string {
	text = regexp.MustCompile(`time=2000-\S+ `).ReplaceAllString(text, "")
	return regexp.MustCompile(`=(2000-\S+Z|[0-9a-f-]{36}|[0-9.hmnµs]+s)( |\n)`).ReplaceAllString(text, "=X$2")
}

func TestEachTokenHasALineAndEachRotationToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		p := run(t, slogentra.NewObserver(l.logger(slog.LevelInfo)), 20)
		const first = "level=INFO msg=\"entra: token renewed\" trigger=initial attempts=1 took=X remaining=X expires_on=X next_attempt=X\n"
		if diff := cmp.Diff(first, masked(l.take())); diff != "" {
			t.Errorf("the first token (-want +got):\n%s", diff)
		}
		for range 3 {
			_, superseded := p.src.Latest()
			<-superseded
			time.Sleep(12 * time.Minute) // the rotation has 10 minutes
			// The first attempt gets the token that is there, out of the cache of azidentity.
			const next = "level=INFO msg=\"entra: token renewed\" trigger=scheduled attempts=2 took=X remaining=X expires_on=X next_attempt=X\n" +
				"level=INFO msg=\"entra: connections renewed\" server=10.0.0.4:6380 library=plain pool=carts took=X renewed=20 refused=0 left=0 closed=0\n"
			if diff := cmp.Diff(next, masked(l.take())); diff != "" {
				t.Errorf("the next token (-want +got):\n%s", diff)
			}
		}
		_ = p.src.Close()
		if rest := l.take(); rest != "" {
			t.Errorf("after Close: %s", rest)
		}
	})
}

// A life at level DEBUG: refusals, losses and failures are named by their codes, and no line holds a secret.
func TestDebugLinesTellAllEventsAndNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		p := run(t, slogentra.NewObserver(l.logger(slog.LevelDebug)), 2)
		outage := p.sts.Inject(entratest.Fault{Status: 401, Body: `{"error":"invalid_client","error_description":"AADSTS7000215: marked-text"}`})
		if err := outage.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		outage.Remove()
		_, superseded := p.src.Latest()
		p.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS marked-text", Count: 1, RotationOnly: true})
		<-superseded
		p.note(t)
		time.Sleep(12 * time.Minute)
		_ = p.conns[0].Close()
		p.gateway.DropAll()
		time.Sleep(time.Second)
		_ = p.src.Close()
		got := l.take()
		for _, want := range []string{
			"level=DEBUG msg=\"entra: credential asked\" attempt=1 claims=false",
			"kind=rejected status=401 host=login.microsoftonline.com code=AADSTS7000215 retry_at=",
			"level=DEBUG msg=\"entra: connection opened\" server=10.0.0.4:6380 library=plain pool=carts connection=1\n",
			"level=DEBUG msg=\"entra: AUTH done\" server=10.0.0.4:6380 library=plain pool=carts connection=2 phase=initial user=",
			"outcome=accepted\n", "outcome=refused code=WRONGPASS\n",
			"level=DEBUG msg=\"entra: rotation began\" server=10.0.0.4:6380 library=plain pool=carts connections=2 window=",
			"level=DEBUG msg=\"entra: connection closed\" server=10.0.0.4:6380 library=plain pool=carts connection=1 reason=client_closed",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("no line has %q", want)
			}
		}
		for _, secret := range append(p.tokens, "marked-text") {
			if strings.Contains(got, secret) {
				t.Errorf("a line holds %q", secret)
			}
		}
		if t.Failed() {
			t.Log(got)
		}
	})
}

func TestOutcomesOfAnAUTH(t *testing.T) {
	answered := &entra.AuthError{Err: errors.New("LOADING the dataset")}
	for want, info := range map[string]entra.AuthDoneInfo{
		"outcome=accepted\n":             {},
		"outcome=refused code=ERR\n":     {Refused: true, Err: &entra.AuthError{Err: errors.New("ERR unknown command")}},
		"outcome=unready code=LOADING\n": {Err: answered},
		"outcome=unanswered\n":           {Err: net.ErrClosed},
	} {
		var l log
		slogentra.NewObserver(l.logger(slog.LevelDebug)).AuthDone(context.Background(), info)
		if got := l.text.String(); !strings.HasSuffix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A rotation that a server has refused is no renewal.
func TestRefusedRotationIsAWarning(t *testing.T) {
	var l log
	slogentra.NewObserver(l.logger(slog.LevelInfo)).RotationDone(t.Context(), entra.RotationDoneInfo{Renewed: 1, Refused: 200})
	if got := l.text.String(); !strings.Contains(got, `level=WARN msg="entra: connections keep the older token"`) || !strings.Contains(got, "renewed=1 refused=200") {
		t.Errorf("%q", got)
	}
}

// The lines have the time of the event, and the values of its context.
func TestLinesBelongToTheirEvents(t *testing.T) {
	type traceID struct{}
	at := time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC)
	var seen any
	var l log
	handler := &inspecting{Handler: l.logger(slog.LevelInfo).Handler(), see: func(ctx context.Context) { seen = ctx.Value(traceID{}) }}
	ctx := context.WithValue(t.Context(), traceID{}, "trace-1")
	slogentra.NewObserver(slog.New(handler)).RefreshDone(ctx, entra.RefreshDoneInfo{At: at})
	if got := l.text.String(); !strings.HasPrefix(got, "time=2026-11-30T03:00:00.000Z ") || seen != "trace-1" {
		t.Errorf("%v, %q", seen, got)
	}
}

// An inspecting handler shows the context of each line.
type inspecting struct {
	slog.Handler
	see func(context.Context)
}

func (h *inspecting) Handle(ctx context.Context, record slog.Record) error {
	h.see(ctx)
	return h.Handler.Handle(ctx, record)
}

func TestWithoutALoggerTheDefaultOneIsUsed(t *testing.T) {
	var l log
	before := slog.Default()
	slog.SetDefault(l.logger(slog.LevelInfo))
	defer slog.SetDefault(before)
	slogentra.NewObserver(nil).RotationDone(t.Context(), entra.RotationDoneInfo{Renewed: 7})
	if got := l.text.String(); !strings.Contains(got, "renewed=7") {
		t.Errorf("%q", got)
	}
}

func TestLineThatIsNotWantedCostsNoAllocation(t *testing.T) {
	var l log
	see := slogentra.NewObserver(l.logger(slog.LevelInfo))
	info := entra.AuthDoneInfo{At: time.Now(), Phase: entra.AuthRotation}
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() { see.AuthDone(ctx, info) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}
